//! How a group of failures becomes bytes and is read again.
//!
//! `version (1 byte) | CRC-32 of its name and all that follows (4 bytes, little endian) | fields`. Numbers are
//! [varints](crate::record), moments 8 bytes.

use crc32fast::Hasher;
use workmill_proto::{SteadyTime, Timestamp};

use super::{FAILURE_HOURS, FailureGroup, FailureHours, FailureId};
use crate::record::{put_micros, put_text, put_varint, take_micros, take_text, take_varint};

const VERSION: u8 = 1;

/// Bytes before the fields: the version and the checksum.
const PREFIX_BYTES: usize = 5;

impl FailureGroup {
    /// The form it is stored in under this name.
    pub(crate) fn encode(&self, id: FailureId) -> Vec<u8> {
        let mut fields = Vec::with_capacity(512);
        for text in [&self.jobtype, &self.errtype, &self.pattern, &self.example] {
            put_text(&mut fields, text);
        }
        for texts in [&self.backtrace, &self.workers] {
            put_varint(&mut fields, texts.len() as u64);
            texts.iter().for_each(|text| put_text(&mut fields, text));
        }
        put_micros(&mut fields, self.first_at.as_micros());
        put_micros(&mut fields, self.last_at.as_micros());
        for number in [self.failures, self.retries, self.dead] {
            put_varint(&mut fields, number);
        }
        put_micros(&mut fields, self.hours.last);
        for count in self.hours.counts {
            put_varint(&mut fields, u64::from(count));
        }
        if let Some(at) = self.forget_at {
            put_micros(&mut fields, at.as_micros());
        }
        let mut out = Vec::with_capacity(PREFIX_BYTES + fields.len());
        out.push(VERSION);
        out.extend_from_slice(&checksum(id, &fields).to_le_bytes());
        out.append(&mut fields);
        out
    }

    /// Reads what is stored under this name; none if it is not that.
    pub(crate) fn decode(id: FailureId, bytes: &[u8]) -> Option<Self> {
        let (&[version, a, b, c, d], mut fields) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
        if version != VERSION || checksum(id, fields) != u32::from_le_bytes([a, b, c, d]) {
            return None;
        }
        let input = &mut fields;
        let group = Self {
            jobtype: take_text(input)?,
            errtype: take_text(input)?,
            pattern: take_text(input)?,
            example: take_text(input)?,
            backtrace: take_texts(input)?,
            workers: take_texts(input)?,
            first_at: Timestamp::from_micros(take_micros(input)?),
            last_at: Timestamp::from_micros(take_micros(input)?),
            failures: take_varint(input)?,
            retries: take_varint(input)?,
            dead: take_varint(input)?,
            hours: take_hours(input)?,
            forget_at: match input.is_empty() {
                true => None,
                false => Some(SteadyTime::from_micros(take_micros(input)?)),
            },
        };
        input.is_empty().then_some(group)
    }

    /// The same, for the writer: a group that cannot be read begins anew.
    pub(crate) fn decode_or_drop(id: FailureId, bytes: &[u8]) -> Option<Self> {
        let group = Self::decode(id, bytes);
        if group.is_none() {
            tracing::warn!(%id, "what is kept of a group of failures is damaged: it begins anew");
        }
        group
    }
}

fn checksum(id: FailureId, fields: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&id.0.to_le_bytes());
    hasher.update(fields);
    hasher.finalize()
}

fn take_texts(input: &mut &[u8]) -> Option<Vec<Box<str>>> {
    let count = take_varint(input)?;
    (0..count).map(|_| take_text(input)).collect()
}

fn take_hours(input: &mut &[u8]) -> Option<FailureHours> {
    let last = take_micros(input)?;
    let mut counts = [0; FAILURE_HOURS];
    for count in &mut counts {
        *count = u32::try_from(take_varint(input)?).ok()?;
    }
    Some(FailureHours { last, counts })
}
