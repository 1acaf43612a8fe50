//! What is kept of a group of failures.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::FailureHours;

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

    /// How many of them are in a set; none are scheduled or completed.
    pub fn jobs_in(&self, set: SetName) -> u64 {
        match set {
            SetName::Scheduled | SetName::Completed => 0,
            SetName::Retries => self.retries,
            SetName::Dead => self.dead,
        }
    }
}
