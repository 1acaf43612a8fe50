//! What is kept besides jobs, each kind under keys of its own: locks, batches, tracks, ends of reservations, ticks,
//! slots of history, the audit log, groups of failures, the trash, the answers to other servers.
//!
//! How a kind is stored is told by each backend, in its `KeyedRows`; what a kind means is the engine's business.

use workmill_proto::{SteadyTime, Timestamp};

use crate::writer::{KeyedRows, PassingRows, Rows};
use crate::{
    ActionPart, AnswerLog, AuditEntry, CallbackKind, FailureGroup, FailureId, HistoryKey,
    HistorySlot, OpenAction, PartOf, PastRuns, Trash, TrashKey, TrashedJob, Ungrouped, WatchedJob,
    WatchedKey,
};

/// A kind of thing that is kept under a key: what [`Tx::get`](crate::Tx::get), [`Tx::put`](crate::Tx::put) and
/// [`Tx::remove`](crate::Tx::remove) are about.
pub trait Keyed: Clone {
    /// What one is found by.
    type Key: Clone + Ord;

    /// The rows of this kind, among all that a backend has.
    fn rows<R: Rows>(rows: &mut R) -> &mut impl KeyedRows<Self>;
}

/// A kind of thing whose time can be over: what [`Tx::due`](crate::Tx::due) is about.
pub trait Passing: Keyed {
    /// When its time is over; never, if none.
    fn ends_at(&self, key: &Self::Key) -> Option<SteadyTime>;

    /// The rows of this kind, by their time.
    fn passing_rows<R: Rows>(rows: &mut R) -> &mut impl PassingRows<Self>;
}

macro_rules! keyed {
    ($($value:ident by $key:ty;)*) => {
        $(impl Keyed for $value {
            type Key = $key;

            fn rows<R: Rows>(rows: &mut R) -> &mut impl KeyedRows<Self> {
                rows
            }
        })*
    };
}

macro_rules! passing {
    ($($value:ident |$self:ident, $key:ident| $ends_at:expr;)*) => {
        $(impl Passing for $value {
            fn ends_at(&$self, $key: &Self::Key) -> Option<SteadyTime> {
                $ends_at
            }

            fn passing_rows<R: Rows>(rows: &mut R) -> &mut impl PassingRows<Self> {
                rows
            }
        })*
    };
}

keyed! {
    Lock by LockKey;
    // The id of the job.
    Track by Box<str>;
    Tombstone by TombstoneKey;
    // The name of the entry.
    CronTick by Box<str>;
    CronDefinition by Box<str>;
    PastRuns by Box<str>;
    // The number of the batch, as for all that follow.
    BatchState by u64;
    BatchDetails by u64;
    BatchCallback by (u64, CallbackKind);
    BatchParents by u64;
    BatchDue by (SteadyTime, u64);
    HistorySlot by HistoryKey;
    // The number of the action, as for the next.
    AuditEntry by u64;
    OpenAction by u64;
    ActionPart by (u64, PartOf);
    WatchedJob by WatchedKey;
    FailureGroup by FailureId;
    Ungrouped by ();
    Trash by u64;
    TrashedJob by TrashKey;
    // The number of the server.
    AnswerLog by u64;
}

passing! {
    Lock |self, _key| Some(self.ends_at);
    Track |self, _key| self.forget_at;
    Tombstone |self, _key| Some(self.at);
    BatchDue |self, key| Some(key.0);
    AuditEntry |self, _key| Some(self.noted_at);
    OpenAction |self, _key| Some(self.since);
    WatchedJob |self, _key| Some(self.since);
    FailureGroup |self, _key| self.forget_at;
    Trash |self, _key| Some(self.ends_at);
    AnswerLog |self, _key| Some(self.noted_at);
}

/// The key of a tombstone: the id of the job, and the worker that had it.
pub type TombstoneKey = (Box<str>, Box<str>);

/// The key of a lock: a digest of what makes jobs equal.
pub type LockKey = [u8; 32];

/// A lock that a job has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    /// Who has it.
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

/// What never changes of a batch, without its callbacks. To remove it is to remove them too.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchDetails {
    /// What its maker says of it.
    pub description: String,
    /// When it was made.
    pub created_at: Timestamp,
}

/// The payload of a callback of a batch, as large as a job may be. It never changes, and is put after the details of its
/// batch: without them it is not kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchCallback(pub Vec<u8>);

/// The numbers of the batches that a batch is a child of, in the order it became that; some may be forgotten by now.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BatchParents(pub Vec<u64>);

/// That a batch is to be looked at at the time of its key. A batch may have several such times.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct BatchDue;

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

/// That a reservation ended without its worker's word.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Tombstone {
    /// When it ended.
    pub at: SteadyTime,
    /// Its job in the trash, if an operator has taken that away.
    pub trashed: Option<TrashKey>,
}

/// Up to when the ticks of a cron entry are done, and whether it is paused. It outlives a [`Tx::flush`](crate::Tx::flush).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CronTick {
    /// The last tick that is done, or a later time.
    pub at: Timestamp,
    /// Since when it is paused; none if it is not.
    pub paused_since: Option<Timestamp>,
}

/// A cron entry that was made while the server runs, as it was written. It outlives a [`Tx::flush`](crate::Tx::flush).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CronDefinition {
    /// When it is due.
    pub schedule: Box<str>,
    /// The name of the zone its times are meant in; none for that of the server, or if the schedule says it.
    pub timezone: Option<Box<str>>,
    /// Whether a run that was missed while no server ran is made up for, once.
    pub catch_up: bool,
    /// The payload of its jobs, which have no id yet, as JSON.
    pub job: Box<[u8]>,
    /// When it was made, or last replaced.
    pub changed_at: Timestamp,
    /// By whom.
    pub changed_by: Box<str>,
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
