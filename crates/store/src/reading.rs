//! Reading what is committed, beside the writer: [`Reading`], and what it tells.
//!
//! A backend shows the rows of one commit ([`Snapshot`]); what they mean is decided once, over all backends: what was
//! removed, cleared or flushed and is not swept yet is not told. Each read sees one commit and ends soon ([`Bounds`]); the
//! next one goes on from a cursor, and sees a later commit. Cursors are keys, which are never reused, so nothing that
//! stays where it is is told twice or left out, whatever comes and goes meanwhile.

mod audit;
mod bounds;
mod features;
mod history;
mod jobs;
mod names;
mod queues;
mod reader;
mod search;
mod snapshot;
mod trash;

use std::ops::RangeInclusive;

use workmill_proto::Timestamp;

pub use crate::slice::Slice;
pub(crate) use bounds::SliceBuilder;
pub use bounds::{Bounds, READ_ROWS_MAX, READ_TIME_MAX};
pub use reader::Reader;
pub use search::SearchCursor;
pub use snapshot::{
    BatchRow, FeatureReads, JobReads, LinkRow, Readable, RecordReads, SetRow, Snapshot, Snapshots,
    Unreadable,
};

use crate::writer::QueueId;
use crate::{
    AuditEntry, BatchDetails, BatchState, Clocks, Counts, CronDefinition, CronTick, FailureGroup,
    FailureId, HistorySlot, JobRef, Lock, LockKey, PastRuns, Place, Reservation, Resolution,
    StoreError, StoredJob, Totals, Track, Trash, Ungrouped,
};

/// What is committed, for many threads at a time: nobody waits for the writer, and it for nobody. It may not be durable
/// yet.
///
/// # Errors
/// All of them fail if the database cannot be read, and once the store is closed or poisoned.
pub trait Reading: Send + Sync {
    /// All sizes and counters, as of one moment: so it is one read, and as long as there are queues. There are
    /// [`QUEUES_MAX`](crate::QUEUES_MAX) at most, and rows of removed ones only until they are swept.
    fn totals(&self) -> Result<Totals, StoreError>;

    /// How far the clocks were when that was kept last, some seconds ago; none in a new store.
    fn clocks(&self) -> Result<Option<Clocks>, StoreError>;

    /// The counters of the UTC days in `first..=last` (days since 1970-01-01) that have any, in order. A store gets a
    /// row a day: all of ten years are 3,650.
    fn days(&self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError>;

    /// Queues in the order of their numbers.
    fn queues(
        &self,
        after: Option<QueueId>,
        bounds: Bounds,
    ) -> Result<Slice<QueueView, QueueId>, StoreError>;

    /// For each of these queues in order when the job at its head was put into it; none if it is empty or unknown, or the
    /// job cannot be read. Fewer than asked for, but one at least, if they take long.
    fn heads(&self, queues: &[&str]) -> Result<Vec<Option<Timestamp>>, StoreError>;

    /// Jobs of a place: of a queue in the order they are handed out, of a set by time, but of completed ones the latest first,
    /// and those that work in no order that means anything. A cursor of another place counts as none.
    fn jobs(
        &self,
        place: &Place,
        after: Option<JobRef>,
        bounds: Bounds,
    ) -> Result<Slice<FoundJob, JobRef>, StoreError>;

    /// The job under this key, and where it is.
    fn job(&self, key: JobRef) -> Result<Option<(Place, FoundJob)>, StoreError>;

    /// All jobs with this id: first those that work, then those in queues, then those in sets. Looks at every job, so it
    /// takes many slices where there are many jobs. One that cannot be read has no id.
    ///
    /// There is no index on ids, on purpose: ids are random, so nearly every PUSH and every ACK would write a page of its own
    /// for it. With 200,000 jobs waiting and 48 PUSHes to a commit the log grows by 5.6 kB a job instead of 0.5.
    fn find_jobs(
        &self,
        jid: &str,
        after: Option<SearchCursor>,
        bounds: Bounds,
    ) -> Result<Slice<(Place, FoundJob), SearchCursor>, StoreError>;

    /// Batches in the order they were made.
    fn batches(
        &self,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<(u64, Readable<BatchState>), u64>, StoreError>;

    /// All that is known of a batch. It has few parents: the engine bounds them.
    fn batch(&self, id: u64) -> Result<Option<BatchView>, StoreError>;

    /// The batches that one waits for, in the order they were made. Looks at all of them.
    fn batch_children(
        &self,
        parent: u64,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<u64, u64>, StoreError>;

    /// Locks in the order of their keys, also those whose time is over and that are not forgotten yet. A slice ends behind one
    /// whose key can be read, so damaged ones that follow each other are told in one.
    fn locks(
        &self,
        after: Option<LockKey>,
        bounds: Bounds,
    ) -> Result<Slice<Readable<(LockKey, Lock)>, LockKey>, StoreError>;

    /// A lock; also if its time is over, as long as it is not forgotten.
    fn lock(&self, key: LockKey) -> Result<Option<Lock>, StoreError>;

    /// What is written down of a job; also if its time is over, as long as it is not forgotten.
    fn track(&self, jid: &str) -> Result<Option<Track>, StoreError>;

    /// What is written down of jobs, in the order of their ids.
    fn tracks(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<TrackView, Box<str>>, StoreError>;

    /// Up to when the ticks of cron entries are done, in the order of their names.
    fn cron_ticks(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<TickView, Box<str>>, StoreError>;

    /// The cron entries that were made while the server ran, in the order of their names. The engine bounds how many there
    /// are.
    fn cron_definitions(
        &self,
        after: Option<&str>,
        bounds: Bounds,
    ) -> Result<Slice<DefinitionView, Box<str>>, StoreError>;

    /// The last runs of a cron entry; none if it has not run, and if what is kept of them is damaged.
    fn past_runs(&self, name: &str) -> Result<Option<PastRuns>, StoreError>;

    /// Groups of failures in the order of their names, also those that have no jobs any more and are not forgotten yet. The
    /// engine bounds how many there are.
    fn failures(
        &self,
        after: Option<FailureId>,
        bounds: Bounds,
    ) -> Result<Slice<FailureView, FailureId>, StoreError>;

    /// A group of failures.
    fn failure(&self, id: FailureId) -> Result<Option<FailureGroup>, StoreError>;

    /// How far the jobs that an older server has left are in groups of failures; none if all are.
    fn ungrouped(&self) -> Result<Option<Ungrouped>, StoreError>;

    /// What happened in the slots of a resolution from `first` to `last`, those in which anything did, in order. Those that
    /// are not kept any more, or cannot be read, are left out.
    fn history(
        &self,
        resolution: Resolution,
        slots: RangeInclusive<i64>,
        bounds: Bounds,
    ) -> Result<Slice<(i64, HistorySlot), i64>, StoreError>;

    /// The audit log, the latest entry first; after the entry of a number, those before it. Entries that are not `wanted` are
    /// passed over, those that cannot be read are told.
    fn audit(
        &self,
        after: Option<u64>,
        wanted: &dyn Fn(&AuditEntry) -> bool,
        bounds: Bounds,
    ) -> Result<Slice<AuditView, u64>, StoreError>;

    /// What is left in the trash of what actions took away, in the order of their numbers.
    fn trash(
        &self,
        after: Option<u64>,
        bounds: Bounds,
    ) -> Result<Slice<(u64, Readable<Trash>), u64>, StoreError>;

    /// For each of these actions in order what is left in the trash of what it took away; none if that is nothing, or cannot
    /// be read.
    fn trash_of(&self, actions: &[u64]) -> Result<Vec<Option<Trash>>, StoreError>;
}

/// A queue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct QueueView {
    /// Its name.
    pub name: Box<str>,
    /// Jobs waiting in it.
    pub size: u64,
    /// Whether fetching from it is paused.
    pub paused: bool,
    /// When the job at its head was put into it; none if it is empty, or the job cannot be read.
    pub head: Option<Timestamp>,
}

/// A job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundJob {
    /// Which.
    pub key: JobRef,
    /// The job, or what is in its place.
    pub job: StoredJob,
    /// Who has it, if it works.
    pub reservation: Option<Reservation>,
}

/// The name of a cron entry, and up to when its ticks are done.
pub type TickView = (Box<str>, CronTick);

/// The name of a cron entry, and the entry as it was written.
pub type DefinitionView = (Box<str>, Readable<CronDefinition>);

/// The name of a group of failures, and the group.
pub type FailureView = (FailureId, Readable<FailureGroup>);

/// The number of an action, and its entry in the audit log.
pub type AuditView = (u64, Readable<AuditEntry>);

/// What is written down of a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrackView {
    /// The job's id.
    pub jid: Box<str>,
    /// What is written down.
    pub track: Readable<Track>,
}

/// A batch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchView {
    /// What changes of it.
    pub state: Readable<BatchState>,
    /// What never does.
    pub details: Option<BatchDetails>,
    /// The batches that wait for it, in the order they began to; some may be forgotten by now.
    pub parents: Vec<u64>,
}
