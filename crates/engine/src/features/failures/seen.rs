//! A failure as its group sees it.

use sha2::{Digest as _, Sha256};
use workmill_proto::{Failure, Timestamp};
use workmill_store::{Clocks, FailureGroup, FailureHours, FailureId, JobRecord};

use super::pattern::pattern;
use crate::limits::{
    CLOCK_STEP, FAILURE_BACKTRACE_BYTES_MAX, FAILURE_EXAMPLE_BYTES_MAX, FAILURE_GROUP_SECS,
    FAILURE_NAME_BYTES_MAX, FAILURE_WORKERS_MAX,
};

/// A failure of a job. Its texts may be as long as they are.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Seen<'s> {
    /// The type of the job.
    pub(crate) jobtype: &'s str,
    /// The kind of error; empty if there was none.
    pub(crate) errtype: &'s str,
    /// The error's text.
    pub(crate) message: &'s str,
    /// Where it happened.
    pub(crate) backtrace: &'s [String],
    /// The worker that had the job; empty if it is not known.
    pub(crate) wid: &'s str,
    /// When.
    pub(crate) at: Timestamp,
}

impl<'s> Seen<'s> {
    /// What the payload of a job says of its last failure, which may have been long ago.
    pub(super) fn of_stored(record: &'s JobRecord, failure: &'s Failure, now: Timestamp) -> Self {
        Self {
            jobtype: &record.jobtype,
            errtype: failure.errtype.as_deref().unwrap_or_default(),
            message: failure.message.as_deref().unwrap_or_default(),
            backtrace: &failure.backtrace,
            wid: "",
            at: Timestamp::parse_rfc3339(&failure.failed_at)
                .filter(|at| *at < now)
                .unwrap_or(now),
        }
    }

    /// What all failures have in common.
    pub(super) fn of_others(at: Timestamp) -> Self {
        Self {
            jobtype: "",
            errtype: "",
            message: "",
            backtrace: &[],
            wid: "",
            at,
        }
    }

    /// The group it belongs to.
    pub(super) fn id(&self) -> FailureId {
        let mut hash = Sha256::new();
        for part in [self.jobtype, self.errtype] {
            hash_part(&mut hash, cut(part, FAILURE_NAME_BYTES_MAX));
        }
        hash_part(&mut hash, &pattern(self.message));
        let digest: [u8; 32] = hash.finalize().into();
        let first = digest.first_chunk::<8>().copied().unwrap_or_default();
        // The last one is that of all others.
        FailureId((u64::from_be_bytes(first) >> 1).max(FailureId::OTHERS.0 + 1))
    }

    /// A group that has not seen any failure.
    pub(super) fn new_group(&self, now: Clocks) -> FailureGroup {
        FailureGroup {
            jobtype: cut(self.jobtype, FAILURE_NAME_BYTES_MAX).into(),
            errtype: cut(self.errtype, FAILURE_NAME_BYTES_MAX).into(),
            pattern: pattern(self.message).into(),
            example: "".into(),
            backtrace: Vec::new(),
            first_at: self.at,
            last_at: self.at,
            failures: 0,
            retries: 0,
            dead: 0,
            workers: Vec::new(),
            hours: FailureHours::default(),
            forget_at: Some(now.steady.plus_secs(FAILURE_GROUP_SECS)),
        }
    }

    /// Its group takes note of it.
    pub(super) fn add_to(&self, group: &mut FailureGroup, now: Timestamp) {
        // The wall clock was ahead when the latest one was told. What it said must not be the latest until then.
        if group.last_at > now.plus(CLOCK_STEP) {
            group.last_at = self.at;
            group.hours.forget_after(now);
        }
        group.failures = group.failures.saturating_add(1);
        group.first_at = group.first_at.min(self.at);
        group.hours.count(self.at);
        if self.at >= group.last_at {
            group.last_at = self.at;
            group.example = cut(self.message, FAILURE_EXAMPLE_BYTES_MAX).into();
            group.backtrace = first_lines(self.backtrace);
        }
        if !self.wid.is_empty() {
            let wid = cut(self.wid, FAILURE_NAME_BYTES_MAX);
            group.workers.retain(|known| **known != *wid);
            group.workers.push(wid.into());
            let more = group.workers.len().saturating_sub(FAILURE_WORKERS_MAX);
            group.workers.drain(..more);
        }
    }
}

/// Parts that are told apart by their lengths.
fn hash_part(hash: &mut Sha256, part: &str) {
    hash.update((part.len() as u64).to_be_bytes());
    hash.update(part);
}

/// The beginning of a text.
fn cut(text: &str, bytes: usize) -> &str {
    text.get(..text.floor_char_boundary(bytes))
        .unwrap_or_default()
}

/// The first lines of a backtrace, as many as there is room for.
fn first_lines(backtrace: &[String]) -> Vec<Box<str>> {
    let mut room = FAILURE_BACKTRACE_BYTES_MAX;
    let mut lines = Vec::new();
    for line in backtrace {
        let Some(rest) = room.checked_sub(line.len() + 1) else {
            break;
        };
        room = rest;
        lines.push(line.as_str().into());
    }
    lines
}
