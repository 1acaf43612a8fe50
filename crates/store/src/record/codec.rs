//! How a [`JobRecord`] becomes bytes and is read again.
//!
//! `version (1 byte) | CRC-32 of all that follows (4 bytes, little endian) | header | body`. The header is
//! a row of [varints](super::varint), strings and moments; the body is the rest. Whoever changes the header
//! raises the version and keeps the decoding of every older one.
//!
//! Version 1 is a job without [features](crate::Features); in version 2 they end the header; in version 4 their lock says
//! which pushing has it. Versions 7, 8 and 11 are the same, with the key of the row (see [`Place`]) before all else that the
//! checksum is of; only these are written. Versions 14, 16 and 19 are those of a job that has failed: the group of its failure
//! ends the header. Versions 21, 22 and 25 are those of a job whose attempts are kept: its group, if there is one, and they end
//! the header. Version 13 holds bytes that were set aside, as they were found. No two versions are
//! one flipped bit apart, as the checksum does not cover them.

use workmill_proto::{SteadyTime, Timestamp};

use super::features::{put_features, take_features};
use super::varint::{put_varint, take_varint};
use super::{CorruptRecord, JobRecord, Place, StoredJob};
use crate::{Attempts, FailureId};

/// A job without features; one with features, but no lock; one with a lock. Their checksums do not cover the key.
const UNPLACED: [u8; 3] = [1, 2, 4];
/// The same with checksums that do.
const PLACED: [u8; 3] = [7, 8, 11];
/// The same of jobs whose failure belongs to a group.
const FAILED: [u8; 3] = [14, 16, 19];
/// The same of jobs whose attempts are kept.
const TRIED: [u8; 3] = [21, 22, 25];
/// What a job has, by its place in these lists.
const PLAIN: usize = 0;
const WITH_FEATURES: usize = 1;
const LOCKED: usize = 2;
/// Bytes that were no readable record, or not where they belong.
const VERSION_SET_ASIDE: u8 = 13;
/// Bytes before the header: the version and the checksum.
const PREFIX_BYTES: usize = 5;

impl JobRecord {
    /// Appends the form it is stored in at this place to `out`.
    pub(crate) fn encode(&self, place: Place, out: &mut Vec<u8>) {
        self.encode_enqueued(place, self.enqueued_at, out);
    }

    /// Like [`JobRecord::encode`], with another `enqueued_at` than the record's own.
    pub(crate) fn encode_enqueued(
        &self,
        place: Place,
        enqueued_at: Option<Timestamp>,
        out: &mut Vec<u8>,
    ) {
        let kind = match &self.features {
            None => PLAIN,
            Some(features) if features.lock.is_none() => WITH_FEATURES,
            Some(_) => LOCKED,
        };
        let versions = match self.failure {
            _ if !self.attempts.is_empty() => TRIED,
            None => PLACED,
            Some(_) => FAILED,
        };
        let start = begin(versions.get(kind).copied().unwrap_or_default(), out);
        self.encode_header(enqueued_at, out);
        out.extend_from_slice(&self.body);
        seal(place, start, out);
    }

    fn encode_header(&self, enqueued_at: Option<Timestamp>, out: &mut Vec<u8>) {
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
        if let Some(features) = &self.features {
            put_features(out, features);
        }
        let attempts = self.attempts.as_bytes();
        if !attempts.is_empty() {
            out.push(u8::from(self.failure.is_some()));
        }
        if let Some(FailureId(id)) = self.failure {
            out.extend_from_slice(&id.to_le_bytes());
        }
        if !attempts.is_empty() {
            put_varint(out, attempts.len() as u64);
            out.extend_from_slice(attempts);
        }
    }

    /// Reads what is stored at this place. What cannot be read comes back with the reason; it is never guessed at.
    pub(crate) fn decode(place: Place, bytes: &[u8]) -> StoredJob {
        decode_checked(place, bytes).map(|decoded| Self {
            attempts: Attempts::of_bytes(decoded.attempts),
            body: decoded.body.to_vec(),
            ..decoded.head
        })
    }

    /// Like [`JobRecord::decode`], without what can be large: `body` is empty, and there are no attempts. The checksum still
    /// speaks for all of it.
    pub(crate) fn decode_head(place: Place, bytes: &[u8]) -> StoredJob {
        decode_checked(place, bytes).map(|decoded| decoded.head)
    }
}

/// Begins a stored form; tells where.
fn begin(version: u8, out: &mut Vec<u8>) -> usize {
    let start = out.len();
    out.push(version);
    out.extend_from_slice(&[0; PREFIX_BYTES - 1]);
    start
}

/// Puts the checksum into a stored form that begins at `start`.
fn seal(place: Place, start: usize, out: &mut [u8]) {
    let checksum = place.checksum(out.get(start + PREFIX_BYTES..).unwrap_or_default());
    if let Some(sum) = out.get_mut(start + 1..start + PREFIX_BYTES) {
        sum.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Appends a form of bytes that are no sound record where they were found: it is read as such, with these bytes.
pub(crate) fn set_aside(place: Place, bytes: &[u8], out: &mut Vec<u8>) {
    let start = begin(VERSION_SET_ASIDE, out);
    out.extend_from_slice(bytes);
    seal(place, start, out);
}

/// The bytes that were set aside here; none if what is here is something else.
pub(crate) fn bytes_set_aside(place: Place, bytes: &[u8]) -> Option<&[u8]> {
    let (&[version, a, b, c, d], rest) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
    let sum = u32::from_le_bytes([a, b, c, d]);
    (version == VERSION_SET_ASIDE && place.checksum(rest) == sum).then_some(rest)
}

/// Whether these bytes, which cannot be read at this place, would be a sound record under a key that is one bit away.
pub(crate) fn belongs_elsewhere(place: Place, bytes: &[u8]) -> bool {
    let Some((&[version, a, b, c, d], rest)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return false;
    };
    let sum = u32::from_le_bytes([a, b, c, d]);
    let is_placed = [PLACED, FAILED, TRIED]
        .iter()
        .any(|known| known.contains(&version));
    (is_placed || version == VERSION_SET_ASIDE)
        && place.nearly_same().any(|place| place.checksum(rest) == sum)
}

/// Whether these bytes look like the record of a job with this id: the id comes first.
pub(super) fn has_jid(bytes: &[u8], jid: &str) -> bool {
    let Some((prefix, mut rest)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return false;
    };
    let is_record = [PLACED, FAILED, TRIED, UNPLACED]
        .iter()
        .any(|versions| versions.contains(&prefix[0]));
    is_record
        && take_varint(&mut rest).is_some_and(|length| length == jid.len() as u64)
        && rest.starts_with(jid.as_bytes())
}

/// A stored form, read as far as all need it.
struct Decoded<'a> {
    /// The record without what can be large.
    head: JobRecord,
    attempts: &'a [u8],
    body: &'a [u8],
}

fn decode_checked(place: Place, bytes: &[u8]) -> Result<Decoded<'_>, CorruptRecord> {
    decode_versioned(place, bytes).map_err(|reason| match bytes_set_aside(place, bytes) {
        Some(found) => CorruptRecord {
            bytes: found.to_vec(),
            reason: "it was not where it belongs in the database".into(),
        },
        None => CorruptRecord {
            bytes: bytes.to_vec(),
            reason,
        },
    })
}

fn decode_versioned(place: Place, bytes: &[u8]) -> Result<Decoded<'_>, String> {
    let Some((&[version, a, b, c, d], rest)) = bytes.split_first_chunk::<PREFIX_BYTES>() else {
        return Err(format!("{} bytes are too few for a job", bytes.len()));
    };
    let kind_in = |versions: [u8; 3]| versions.iter().position(|&known| known == version);
    let placed = [PLACED, FAILED, TRIED].into_iter().find_map(kind_in);
    let (kind, checksum) = match (placed, kind_in(UNPLACED)) {
        (Some(kind), _) => (kind, place.checksum(rest)),
        (None, Some(kind)) => (kind, crc32fast::hash(rest)),
        (None, None) => return Err(format!("unknown record version {version}")),
    };
    if checksum != u32::from_le_bytes([a, b, c, d]) {
        return Err("the checksum does not match".into());
    }
    let ending = match version {
        _ if FAILED.contains(&version) => HeaderEnd::Failure,
        _ if TRIED.contains(&version) => HeaderEnd::Attempts,
        _ => HeaderEnd::Plain,
    };
    decode_header(rest, kind, ending).ok_or_else(|| "the header is malformed".into())
}

/// What ends a header.
enum HeaderEnd {
    Plain,
    /// The group of a failure.
    Failure,
    /// The group of a failure, if there is one, and attempts.
    Attempts,
}

fn decode_header(mut input: &[u8], kind: usize, ending: HeaderEnd) -> Option<Decoded<'_>> {
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
    let features = match kind {
        PLAIN => None,
        _ => Some(Box::new(take_features(&mut input, kind == LOCKED)?)),
    };
    let has_failure = match ending {
        HeaderEnd::Plain => false,
        HeaderEnd::Failure => true,
        HeaderEnd::Attempts => match take_bytes(&mut input, 1)? {
            [0] => false,
            [1] => true,
            _ => return None,
        },
    };
    let failure = match has_failure {
        true => Some(FailureId(take_micros(&mut input)?.cast_unsigned())),
        false => None,
    };
    let attempts = match ending {
        HeaderEnd::Plain | HeaderEnd::Failure => &[],
        HeaderEnd::Attempts => {
            let length = usize::try_from(take_varint(&mut input)?).ok()?;
            take_bytes(&mut input, length)?
        }
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
        failure,
        attempts: Attempts::default(),
        features,
        body: Vec::new(),
        enqueued_at_index,
    };
    Some(Decoded {
        head,
        attempts,
        body: input,
    })
}

pub(crate) fn put_text(out: &mut Vec<u8>, text: &str) {
    put_varint(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// A moment of either clock.
pub(crate) fn put_micros(out: &mut Vec<u8>, micros: i64) {
    out.extend_from_slice(&micros.to_le_bytes());
}

pub(crate) fn take_bytes<'a>(input: &mut &'a [u8], count: usize) -> Option<&'a [u8]> {
    let (taken, rest) = input.split_at_checked(count)?;
    *input = rest;
    Some(taken)
}

pub(crate) fn take_text(input: &mut &[u8]) -> Option<Box<str>> {
    let length = usize::try_from(take_varint(input)?).ok()?;
    let text = str::from_utf8(take_bytes(input, length)?).ok()?;
    Some(text.into())
}

pub(super) fn take_u32(input: &mut &[u8]) -> Option<u32> {
    u32::try_from(take_varint(input)?).ok()
}

pub(crate) fn take_micros(input: &mut &[u8]) -> Option<i64> {
    let (&micros, rest) = input.split_first_chunk::<8>()?;
    *input = rest;
    Some(i64::from_le_bytes(micros))
}
