//! What Workmill remembers, and how.
//!
//! Owns the [`Store`] and [`Tx`] traits, [`Reading`] beside the writer, the [`Lease`] of the one who may write, the stored
//! records and their versions, what the one writer does over any backend ([`writer`]), the SQLite backend, the PostgreSQL
//! backend, a backend in memory for tests (feature `memory`), the conformance suite every backend must pass (feature `suite`) and a wrapper that injects
//! faults (feature `fault`). Never knows a rule of jobs: it does not know what a retry or a time-out is, it moves records where
//! it is told to.
//!
//! Start at [`Tx`]: its methods are all that the engine can ask of a database. What a backend does for them is
//! [`writer::Rows`].

mod answer_log;
mod attempts;
mod audit;
mod clocks;
mod disk;
mod error;
mod failures;
mod features;
mod file_lease;
mod history;
mod kept;
mod key;
mod lease;
mod limits;
mod past_runs;
mod place;
mod record;
mod reservation;
mod set_time;
mod slice;
mod totals;
mod trash;
mod tx;

pub mod check;
pub mod postgres;
pub mod reading;
pub mod sqlite;
pub mod writer;

#[cfg(feature = "fault")]
pub mod fault;
#[cfg(feature = "memory")]
pub mod memory;
#[cfg(feature = "suite")]
pub mod suite;

pub use answer_log::AnswerLog;
pub use attempts::{Attempt, AttemptError, Attempts};
pub use audit::{
    ActionPart, AuditEntry, AuditState, OpenAction, Operator, PartOf, WatchedJob, WatchedKey,
};
pub use clocks::Clocks;
pub use disk::{Disk, DiskTurn, DiskWork};
pub use error::StoreError;
pub use failures::{FAILURE_HOURS, FailureGroup, FailureHours, FailureId, Ungrouped};
pub use features::{CallbackKind, CallbackOf, Features, JobLock, Membership};
pub use file_lease::{FileLease, QuietHold};
pub use history::{
    BUCKETS, HISTORY_NAMES_MAX, Histogram, HistoryCounts, HistoryKey, HistoryLine, HistoryLines,
    HistorySlot, OTHERS, Resolution, bucket_of,
};
pub use kept::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackState, CronDefinition,
    CronTick, Keyed, Lock, LockKey, LockOwner, Passing, Slots, Tombstone, TombstoneKey, Track,
    TrackState,
};
pub use key::{EntryKey, JobKey};
pub use lease::{Acquired, Lease, LeaseError, Predecessor, Resign};
pub use limits::{QUEUES_MAX, SLICE_BYTES_MAX};
pub use past_runs::{PastRun, PastRuns};
pub use place::{JobRef, Place, Watermark};
pub use reading::Reading;
pub use record::{CorruptRecord, JobRecord, RawRecord, StoredJob};
pub use reservation::{Release, Reservation, ReservationsOf};
pub use set_time::SetTime;
pub use totals::{Counts, QueueTotals, Totals};
pub use trash::{Fate, Home, Trash, TrashKey, TrashedJob};
pub use tx::{Entry, QueueStanding, Store, Swept, Syncer, Tx};
