//! The stored form of a job: a version byte, a checksum, a header, and the payload as clients see it.

mod codec;
mod features;
mod place;
mod raw;
#[cfg(test)]
mod tests;
mod varint;

use workmill_proto::{SteadyTime, Timestamp};

pub(crate) use codec::{
    belongs_elsewhere, bytes_set_aside, put_micros, put_text, set_aside, take_bytes, take_micros,
    take_text,
};
pub(crate) use place::Place;
pub use raw::RawRecord;
pub(crate) use varint::{put_varint, take_varint};

use crate::{Attempts, FailureId, Features};

/// A job as the store keeps it.
///
/// `body` is the canonical payload JSON without `enqueued_at`: that changes at every move, so it is kept
/// beside the payload and put in at `enqueued_at_index` when the job is sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobRecord {
    /// The job's id, as in the payload.
    pub jid: Box<str>,
    /// The queue it belongs to, as in the payload.
    pub queue: Box<str>,
    /// Its type, as in the payload.
    pub jobtype: Box<str>,
    /// How long a worker may keep it, in seconds, by what its payload says.
    pub reserve_for_secs: u32,
    /// When it was last put into a queue; none for a job that never was.
    pub enqueued_at: Option<Timestamp>,
    /// How often it has failed, by the server's own count.
    pub failure_count: u32,
    /// When it was taken back from a lost worker, latest last.
    pub recovered_at: Vec<SteadyTime>,
    /// The group that its last failure belongs to; none if it has not failed, or a server without groups says so.
    pub failure: Option<FailureId>,
    /// Its attempts that went wrong, as far as they are kept.
    pub attempts: Attempts,
    /// What it is bound to besides its queue; none for a job that is bound to nothing.
    pub features: Option<Box<Features>>,
    /// The payload, canonical JSON, without `enqueued_at`.
    pub body: Vec<u8>,
    /// Where in `body` the text `,"enqueued_at":"…"` belongs, in bytes.
    pub enqueued_at_index: u32,
}

impl JobRecord {
    /// How many bytes its payload and its attempts take: all of it that can be large.
    pub fn bytes(&self) -> usize {
        self.body.len() + self.attempts.bytes()
    }
}

/// Bytes in the database that are no readable record.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CorruptRecord {
    /// The bytes as they were found.
    pub bytes: Vec<u8>,
    /// What is wrong with them.
    pub reason: String,
}

/// What was read from the place of a job: nearly always a record.
pub type StoredJob = Result<JobRecord, CorruptRecord>;
