//! What a backend shows of its rows, for reading.

use std::ops::ControlFlow;

use crate::record::RawRecord;
use crate::writer::{EntryPlace, QueueId, QueueRow, Removal, Tallies};
use crate::{
    AuditEntry, BatchDetails, BatchState, Counts, CronDefinition, CronTick, FailureGroup,
    FailureId, HistoryKey, HistorySlot, Lock, LockKey, PastRuns, Reservation, StoreError,
    Tombstone, TombstoneKey, Track, Trash, TrashKey, TrashedJob, Ungrouped,
};
use workmill_proto::{SetName, SteadyTime};

/// What shows the rows of one commit after the other, to several threads at a time.
pub trait Snapshots: Send + Sync {
    /// The rows as of one commit.
    type Snapshot<'a>: Snapshot
    where
        Self: 'a;

    /// Shows the last commit. May wait for other readers, never for the writer.
    fn read<T>(
        &self,
        read: impl FnOnce(&mut Self::Snapshot<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError>;
}

/// A row that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Unreadable {
    /// What is wrong with it.
    pub reason: String,
}

/// What was read from a row: nearly always what belongs there.
pub type Readable<T> = Result<T, Unreadable>;

/// A set, as its row says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SetRow {
    /// Its number.
    pub id: i64,
    /// The name it has or had.
    pub name: SetName,
    /// How many entries it has.
    pub size: u64,
    /// What became of it; none if it has its name.
    pub removal: Option<Removal>,
}

/// What never changes of a batch, with the sizes of its callbacks in bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BatchRow {
    /// All but the callbacks.
    pub details: BatchDetails,
    /// The payload of its complete callback, if it has one.
    pub complete_bytes: Option<usize>,
    /// The payload of its success callback, if it has one.
    pub success_bytes: Option<usize>,
}

/// That a batch is a child.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct LinkRow {
    /// The batch.
    pub child: u64,
    /// How often it had become a child before.
    pub nth: u64,
    /// Whose child it is.
    pub parent: u64,
}

/// Rows as of one commit, those to be swept among them. All are told in the order of their keys, as they are found, until
/// `each` breaks.
pub trait Snapshot: JobReads + FeatureReads + RecordReads {}

impl<S: JobReads + FeatureReads + RecordReads> Snapshot for S {}

/// Jobs, wherever they are, and what is counted of them.
pub trait JobReads {
    /// Queues behind a number.
    fn queues(
        &mut self,
        after: Option<QueueId>,
        each: impl FnMut(QueueId, Readable<QueueRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads a queue; none if it cannot be read.
    fn queue(&mut self, id: QueueId) -> Result<Option<QueueRow>, StoreError>;

    /// Jobs from a first key to a last one, and whether each is reserved.
    fn jobs(
        &mut self,
        keys: (i64, i64),
        each: impl FnMut(i64, RawRecord<'_>, bool) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reservations from a first key to a last one, and the job of each, if it is there.
    fn reservations(
        &mut self,
        keys: (i64, i64),
        each: impl FnMut(i64, Readable<Reservation>, Option<RawRecord<'_>>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// All sets.
    fn sets(&mut self) -> Result<Vec<SetRow>, StoreError>;

    /// Entries behind a place, also those of all sets that follow.
    fn entries(
        &mut self,
        after: EntryPlace,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Entries before a place, also those of all sets that precede, from the last one back.
    fn entries_before(
        &mut self,
        before: EntryPlace,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads an entry.
    fn entry<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// The row of tallies: nothing of sets.
    fn tallies(&mut self) -> Result<Tallies, StoreError>;

    /// Counters from a first UTC day to a last one.
    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError>;
}

/// What features keep, in the generation named: what was kept in an older one was flushed.
pub trait FeatureReads {
    /// Tombstones, in no order.
    fn tombstones(
        &mut self,
        generation: i64,
        each: impl FnMut(Readable<(TombstoneKey, Tombstone)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Locks behind a key.
    fn locks(
        &mut self,
        generation: i64,
        after: Option<LockKey>,
        each: impl FnMut(Readable<(LockKey, Lock)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads a lock.
    fn lock(&mut self, generation: i64, key: LockKey)
    -> Result<Option<Readable<Lock>>, StoreError>;

    /// Batches behind a number.
    fn batches(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(u64, Readable<BatchState>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads a batch.
    fn batch(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<Readable<BatchState>>, StoreError>;

    /// What never changes of batches behind a number.
    fn batch_rows(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(u64, Readable<BatchRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Whose children batches behind a number are.
    fn batch_links(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(LinkRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// When batches are to be looked at again.
    fn batch_dues(
        &mut self,
        generation: i64,
        each: impl FnMut(SteadyTime, u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The number of the last batch made.
    fn last_batch(&mut self) -> Result<u64, StoreError>;

    /// Reads a track.
    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Readable<Track>>, StoreError>;

    /// Tracks behind a job id.
    fn tracks(
        &mut self,
        generation: i64,
        after: Option<&str>,
        each: impl FnMut(Box<str>, Readable<Track>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads a slot of history.
    fn history_slot(
        &mut self,
        generation: i64,
        key: HistoryKey,
    ) -> Result<Option<Readable<HistorySlot>>, StoreError>;

    /// All slots of history, in the order of their places, and the place of one that cannot be read.
    fn history(
        &mut self,
        generation: i64,
        each: impl FnMut(i64, Readable<HistorySlot>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Groups of failures behind a name.
    fn failures(
        &mut self,
        generation: i64,
        after: Option<FailureId>,
        each: impl FnMut(FailureId, Readable<FailureGroup>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads a group of failures.
    fn failure(
        &mut self,
        generation: i64,
        id: FailureId,
    ) -> Result<Option<Readable<FailureGroup>>, StoreError>;

    /// How far jobs of an older server are in groups of failures; none if all are.
    fn ungrouped(&mut self) -> Result<Option<Ungrouped>, StoreError>;

    /// Up to when the ticks of cron entries behind a name are done.
    fn cron_ticks(
        &mut self,
        after: Option<&str>,
        each: impl FnMut(Box<str>, CronTick) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The cron entries behind a name that were made while the server ran.
    fn cron_definitions(
        &mut self,
        after: Option<&str>,
        each: impl FnMut(Box<str>, Readable<CronDefinition>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// The last runs of a cron entry, if there are any that can be read.
    fn past_runs(&mut self, name: &str) -> Result<Option<PastRuns>, StoreError>;
}

/// What is kept for operators.
pub trait RecordReads {
    /// Entries of the audit log before a number, the latest first.
    fn audit(
        &mut self,
        before: Option<u64>,
        each: impl FnMut(u64, Readable<AuditEntry>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// What is left of what actions behind a number took away, in the generation named.
    fn trash(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(u64, Readable<Trash>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// All jobs in the trash.
    fn trashed_jobs(
        &mut self,
        generation: i64,
        each: impl FnMut(TrashKey, Readable<TrashedJob>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;
}
