//! The features a job takes part in: its lock, its batch, when it expires, whether it is tracked, the cron entry it is a run of.

use workmill_proto::{Bid, SteadyTime, Timestamp};

use crate::LockKey;

/// The features a job takes part in. Most jobs take part in none.
///
/// It is the server's own record: what a client writes into the payload afterwards changes nothing of it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Features {
    /// When the job has lost its point and is not handed out any more.
    pub expires_at: Option<Timestamp>,
    /// The lock it was pushed with.
    pub lock: Option<JobLock>,
    /// The batch it is a member of.
    pub batch: Option<Membership>,
    /// The batch it is a callback of.
    pub callback: Option<CallbackOf>,
    /// Whether its state is written down for whoever asks.
    pub tracked: bool,
    /// The cron entry that it is a run of.
    pub cron: Option<Box<str>>,
}

/// The lock of a unique job. It may be another job's by now.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JobLock {
    /// Which lock.
    pub key: LockKey,
    /// When it ends by itself.
    pub ends_at: SteadyTime,
    /// Whether it is given back when the job is handed out; else when it is acknowledged.
    pub until_start: bool,
    /// A random number that tells this pushing of the job from others of the same id; 0 for jobs that were pushed to a
    /// version without it.
    pub pushing: u32,
}

/// That a job belongs to a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Membership {
    /// Which batch.
    pub bid: Bid,
    /// Whether its latest execution failed; false as long as none has ended.
    pub failed: bool,
}

/// That a job is a callback of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CallbackOf {
    /// Which batch.
    pub bid: Bid,
    /// Which of its callbacks.
    pub kind: CallbackKind,
}

/// The callbacks a batch can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CallbackKind {
    /// Wanted once every member has been executed.
    Complete,
    /// Wanted once every member has succeeded.
    Success,
}
