//! How a [`JobRecord`] becomes bytes and is read again.
//!
//! `version (1 byte) | CRC-32 of all that follows (4 bytes, little endian) | header | body`. The header is
//! a row of [varints](super::varint), strings and moments; the body is the rest. Whoever changes the header
//! raises the version and keeps the decoding of every older one.
//!
//! Version 1 is a job without [ties](crate::Ties); in version 2 they end the header; in version 4 their lock says
//! which pushing has it. No two versions are one flipped bit apart, as the checksum does not cover them.

use workmill_proto::{SteadyTime, Timestamp};

use super::ties::{put_ties, take_ties};
use super::varint::{put_varint, take_varint};
use super::{CorruptRecord, JobRecord, StoredJob};

/// A job that is bound to nothing.
const VERSION_PLAIN: u8 = 1;
/// A job with ties, but no lock.
const VERSION_TIED: u8 = 2;
/// A job with a lock.
const VERSION_LOCKED: u8 = 4;
/// Bytes before the header: the version and the checksum.
const PREFIX_BYTES: usize = 5;

impl JobRecord {
    /// Appends the stored form to `out`.
    pub fn encode(&self, out: &mut Vec<u8>) {
        self.encode_enqueued(self.enqueued_at, out);
    }

    /// Appends the stored form to `out`, with another `enqueued_at` than the record's own.
    pub(crate) fn encode_enqueued(&self, enqueued_at: Option<Timestamp>, out: &mut Vec<u8>) {
        let start = out.len();
        out.push(match &self.ties {
            None => VERSION_PLAIN,
            Some(ties) if ties.lock.is_none() => VERSION_TIED,
            Some(_) => VERSION_LOCKED,
        });
        out.extend_from_slice(&[0; PREFIX_BYTES - 1]);
        put_text(out, &self.jid);
        put_text(out, &self.queue);
        put_text(out, &self.jobtype);
        put_varint(out, u64::from(self.reserve_for_secs));
        put_varint(out, u64::from(self.failure_count));
        put_varint(out, u64::from(self.enqueued_at_index));
        out.push(u8::from(enqueued_at.is_some()));
        if let Some(at) = enqueued_at {
            put_micros(out, at.as_micros());
        }
        put_varint(out, self.recovered_at.len() as u64);
        for &at in &self.recovered_at {
            put_micros(out, at.as_micros());
        }
        if let Some(ties) = &self.ties {
            put_ties(out, ties);
        }
        out.extend_from_slice(&self.body);

        let checksum = crc32fast::hash(out.get(start + PREFIX_BYTES..).unwrap_or_default());
        if let Some(place) = out.get_mut(start + 1..start + PREFIX_BYTES) {
            place.copy_from_slice(&checksum.to_le_bytes());
        }
    }

    /// Reads a stored form. What cannot be read comes back with the reason; it is never guessed at.
    pub fn decode(bytes: &[u8]) -> StoredJob {
        decode_checked(bytes).map(|(head, body)| Self {
            body: body.to_vec(),
            ..head
        })
    }

    /// Like [`JobRecord::decode`], without the payload: `body` is empty. The checksum still speaks for all of it.
    pub(crate) fn decode_head(bytes: &[u8]) -> StoredJob {
        decode_checked(bytes).map(|(head, _)| head)
    }
}

/// The record without its body, and the body.
fn decode_checked(bytes: &[u8]) -> Result<(JobRecord, &[u8]), CorruptRecord> {
    decode_versioned(bytes).map_err(|reason| CorruptRecord {
        bytes: bytes.to_vec(),
        reason,
    })
}

fn decode_versioned(bytes: &[u8]) -> Result<(JobRecord, &[u8]), String> {
    let Some((&[version, a, b, c, d], rest)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(format!("{} bytes are too few for a job", bytes.len()));
    };
    if !matches!(version, VERSION_PLAIN | VERSION_TIED | VERSION_LOCKED) {
        return Err(format!("unknown record version {version}"));
    }
    if crc32fast::hash(rest) != u32::from_le_bytes([a, b, c, d]) {
        return Err("the checksum does not match".into());
    }
    decode_header(rest, version).ok_or_else(|| "the header is malformed".into())
}

fn decode_header(mut input: &[u8], version: u8) -> Option<(JobRecord, &[u8])> {
    let jid = take_text(&mut input)?;
    let queue = take_text(&mut input)?;
    let jobtype = take_text(&mut input)?;
    let reserve_for_secs = take_u32(&mut input)?;
    let failure_count = take_u32(&mut input)?;
    let enqueued_at_index = take_u32(&mut input)?;
    let enqueued_at = match take_bytes(&mut input, 1)? {
        [0] => None,
        [1] => Some(Timestamp::from_micros(take_micros(&mut input)?)),
        _ => return None,
    };
    let mut recovered_at = Vec::new();
    for _ in 0..take_varint(&mut input)? {
        recovered_at.push(SteadyTime::from_micros(take_micros(&mut input)?));
    }
    let ties = match version {
        VERSION_PLAIN => None,
        _ => Some(Box::new(take_ties(&mut input, version == VERSION_LOCKED)?)),
    };
    if usize::try_from(enqueued_at_index).ok()? > input.len() {
        return None;
    }
    let head = JobRecord {
        jid,
        queue,
        jobtype,
        reserve_for_secs,
        enqueued_at,
        failure_count,
        recovered_at,
        ties,
        body: Vec::new(),
        enqueued_at_index,
    };
    Some((head, input))
}

fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A moment of either clock.
pub(super) fn put_micros(out: &mut Vec<u8>, micros: i64) {
    out.extend_from_slice(&micros.to_le_bytes());
}

pub(super) fn take_bytes<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(taken)
}

fn take_text(input: &mut &[u8]) -> Option<Box<str>> {
    let length = usize::try_from(take_varint(input)?).ok()?;
    let text = str::from_utf8(take_bytes(input, length)?).ok()?;
    Some(text.into())
}

pub(super) fn take_u32(input: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(input)?).ok()
}

pub(super) fn take_micros(input: &mut &[u8]) -> Option<i64> {
    let (&micros, rest) = input.split_first_chunk::<8>()?;
    *input = rest;
    Some(i64::from_le_bytes(micros))
}
