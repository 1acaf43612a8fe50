//! Groups of failures: jobs that wait for another try, or are dead, and failed in the same way.

mod codec;
mod hours;
#[cfg(test)]
mod tests;

use std::fmt;

use workmill_proto::{SetName, SteadyTime, Timestamp};

pub use hours::{FAILURE_HOURS, FailureHours};

use crate::EntryKey;

/// Names a group of failures: what all of it have in common makes it, so it is the same after a group was forgotten. Less
/// than 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureId(pub u64);

impl FailureId {
    /// The group of all failures for which there is no room.
    pub const OTHERS: Self = Self(0);

    /// Reads the text of one: 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_whole = text.len() == 16 && text.bytes().all(is_hex);
        let number = u64::from_str_radix(text, 16).ok();
        number.filter(|_| is_whole).map(Self)
    }
}

impl fmt::Display for FailureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// What is kept of a group of failures. All texts are cut by whoever writes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FailureGroup {
    /// The type of its jobs; empty for that of all others.
    pub jobtype: Box<str>,
    /// The kind of error.
    pub errtype: Box<str>,
    /// The error's text without what differs from failure to failure.
    pub pattern: Box<str>,
    /// The text of the latest failure.
    pub example: Box<str>,
    /// The first lines of where the latest failure happened.
    pub backtrace: Vec<Box<str>>,
    /// When a job failed so for the first time.
    pub first_at: Timestamp,
    /// When a job failed so for the last time.
    pub last_at: Timestamp,
    /// How often jobs have failed so.
    pub failures: u64,
    /// How many of its jobs wait for another try.
    pub retries: u64,
    /// How many of its jobs are dead.
    pub dead: u64,
    /// The workers that reported it last, the latest at the end.
    pub workers: Vec<Box<str>>,
    /// How often jobs failed so in each of the last hours.
    pub hours: FailureHours,
    /// From when on it is forgotten; none while it has jobs.
    pub forget_at: Option<SteadyTime>,
}

impl FailureGroup {
    /// How many jobs it has now.
    pub fn jobs(&self) -> u64 {
        self.retries.saturating_add(self.dead)
    }

    /// How many of them are in a set; none are scheduled.
    pub fn jobs_in(&self, set: SetName) -> u64 {
        match set {
            SetName::Scheduled => 0,
            SetName::Retries => self.retries,
            SetName::Dead => self.dead,
        }
    }
}

/// That jobs which a server without groups of failures has left are still to be put into theirs. It is kept under no name,
/// as there is one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ungrouped {
    /// All jobs of this set up to this one have a group, and all those of the sets before it.
    pub after: EntryKey,
}
