//! Rows of what features and cron keep.

use workmill_proto::SteadyTime;

use crate::{
    ActionPart, AnswerLog, AuditEntry, BatchCallback, BatchDetails, BatchDue, BatchParents,
    BatchState, CronDefinition, CronTick, FailureGroup, FailureId, HistorySlot, Keyed, Lock,
    OpenAction, Passing, PastRuns, StoreError, Tombstone, Track, Trash, TrashedJob, Ungrouped,
    WatchedJob,
};

/// What is kept besides jobs, a kind under keys of its own, in the generation named: what was kept in an older one was
/// flushed. Ticks and runs of cron entries, the audit log, what is ungrouped and answers to servers belong to no generation.
pub trait KeyedRows<K: Keyed> {
    /// Reads what is under a key.
    fn get(&mut self, generation: i64, key: &K::Key) -> Result<Option<K>, StoreError>;

    /// Reads what is under several keys, in their order.
    fn get_all(&mut self, generation: i64, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError> {
        keys.iter().map(|key| self.get(generation, key)).collect()
    }

    /// Writes it, new or not.
    fn put(&mut self, generation: i64, key: &K::Key, kept: &K) -> Result<(), StoreError>;

    /// Deletes it, if it is there.
    fn remove(&mut self, generation: i64, key: &K::Key) -> Result<(), StoreError>;
}

/// What is kept until a time.
pub trait PassingRows<P: Passing> {
    /// Reads up to `limit` keys of what has its time over at `until`, the earliest first.
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError>;
}

/// All kinds of things that are kept, and what they have in common.
pub trait KeptRows:
    KeyedRows<Lock>
    + PassingRows<Lock>
    + KeyedRows<Track>
    + PassingRows<Track>
    + KeyedRows<Tombstone>
    + PassingRows<Tombstone>
    + KeyedRows<CronTick>
    + KeyedRows<CronDefinition>
    + KeyedRows<PastRuns>
    + KeyedRows<BatchState>
    + KeyedRows<BatchDetails>
    + KeyedRows<BatchCallback>
    + KeyedRows<BatchParents>
    + KeyedRows<BatchDue>
    + PassingRows<BatchDue>
    + KeyedRows<HistorySlot>
    + KeyedRows<AuditEntry>
    + PassingRows<AuditEntry>
    + KeyedRows<OpenAction>
    + PassingRows<OpenAction>
    + KeyedRows<ActionPart>
    + KeyedRows<WatchedJob>
    + PassingRows<WatchedJob>
    + KeyedRows<FailureGroup>
    + PassingRows<FailureGroup>
    + KeyedRows<Ungrouped>
    + KeyedRows<Trash>
    + PassingRows<Trash>
    + KeyedRows<TrashedJob>
    + KeyedRows<AnswerLog>
    + PassingRows<AnswerLog>
{
    /// The number of a new batch, which no other has had.
    fn next_batch(&mut self) -> Result<u64, StoreError>;

    /// The number of a new action: one more than that of the last one.
    fn next_action(&mut self) -> Result<u64, StoreError>;

    /// The names of all groups of failures, in their order. The engine bounds how many there are.
    fn failure_ids(&mut self, generation: i64) -> Result<Vec<FailureId>, StoreError>;

    /// Whether anything is left that was kept before this generation.
    fn has_flushed(&mut self, generation: i64) -> Result<bool, StoreError>;

    /// Deletes up to `limit` rows of it; tells how many.
    fn delete_flushed(&mut self, generation: i64, limit: usize) -> Result<usize, StoreError>;
}
