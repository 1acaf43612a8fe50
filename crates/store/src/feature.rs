//! What features keep besides jobs: locks, batches, tracks.

use workmill_proto::{SteadyTime, Timestamp};

use crate::LockKey;

/// A lock that a job has or wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Which lock.
    pub key: LockKey,
    /// Who has or wants it.
    pub owner: LockOwner,
    /// From when on it counts no more.
    pub ends_at: SteadyTime,
}

/// Who a lock belongs to: one pushing of a job. A job can be pushed again under the same id, while an old copy of it is
/// still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LockOwner {
    /// The id of the job.
    pub jid: Box<str>,
    /// Which pushing of that id, as in [`JobLock::pushing`](crate::JobLock::pushing).
    pub pushing: u32,
}

/// How far a callback is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum CallbackState {
    /// The batch has no such callback.
    #[default]
    Absent,
    /// Its time has not come.
    Waiting,
    /// It was put into its queue.
    Queued,
    /// It was acknowledged.
    Done,
}

/// What changes of a batch. Small: it is written for each group of commands that touches the batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchState {
    /// The random part of the batch's id.
    pub check: u64,
    /// Members pushed so far.
    pub total: u64,
    /// Members that have not been executed yet.
    pub pending: u64,
    /// Members whose latest execution failed.
    pub failed: u64,
    /// Whether callbacks may be queued.
    pub committed: bool,
    /// The callback for when all were executed.
    pub complete: CallbackState,
    /// The callback for when all have succeeded.
    pub success: CallbackState,
    /// Whether the parents were told that it is complete.
    pub completed: bool,
    /// Whether the parents were told that it succeeded.
    pub succeeded: bool,
    /// Child batches that are not complete.
    pub children_incomplete: u64,
    /// Child batches that have not succeeded.
    pub children_unsuccessful: u64,
    /// When it last changed.
    pub changed_at: SteadyTime,
}

impl BatchState {
    /// A batch with nothing: no callbacks, no members, no children, not committed.
    pub fn new(check: u64, changed_at: SteadyTime) -> Self {
        Self {
            check,
            total: 0,
            pending: 0,
            failed: 0,
            committed: false,
            complete: CallbackState::Absent,
            success: CallbackState::Absent,
            completed: false,
            succeeded: false,
            children_incomplete: 0,
            children_unsuccessful: 0,
            changed_at,
        }
    }
}

/// What never changes of a batch, without its callbacks.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchDetails {
    /// What its maker says of it.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The payloads of a new batch's callbacks, each as large as a job may be. They never change.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct BatchCallbacks<'a> {
    /// What to push when all its jobs have been tried.
    pub complete: Option<&'a [u8]>,
    /// What to push when all its jobs have succeeded.
    pub success: Option<&'a [u8]>,
}

/// Where a tracked job is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum TrackState {
    /// Nothing is known of the job.
    #[default]
    Unknown,
    /// It waits, in its queue or for its time.
    Enqueued,
    /// A worker has it.
    Working,
    /// It was acknowledged.
    Success,
    /// It failed; it may be tried again.
    Failed,
    /// It failed for good.
    Dead,
}

/// What is written down of a job for whoever asks.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Track {
    /// Where the job is.
    pub state: TrackState,
    /// How much of it is done, as its worker says, in percent.
    pub percent: Option<i64>,
    /// What its worker says of it.
    pub desc: Option<String>,
    /// When this was last changed.
    pub updated_at: Timestamp,
    /// From when on it is forgotten; none while the job lives.
    pub forget_at: Option<SteadyTime>,
}

/// Reservations that take slots of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Slots {
    /// All of them.
    pub taken: u64,
    /// Those of the holder that was asked about.
    pub taken_by_holder: u64,
    /// When the earliest of them began.
    pub oldest: Option<SteadyTime>,
}
