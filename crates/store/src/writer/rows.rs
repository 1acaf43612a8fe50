//! What a backend does for the writer: it reads and writes rows by their keys, and knows no rule about them.
//!
//! To ensure correctness, rows of jobs and of entries are found and told in the order of their keys, and nothing is
//! written before [`Rows::begin`]. A transaction reads what it has written itself.

use std::ops::{ControlFlow, Range};

use workmill_proto::{SetName, SteadyTime};

use super::entries::Removal;
use super::place::QueueId;
use super::queues::QueueRow;
use super::tallies::Tallies;
use crate::record::RawRecord;
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, Counts, CronTick, Keyed, Lock,
    Passing, Reservation, StoreError, Tombstone, Track,
};

/// How many jobs the writer gives to [`JobRows::insert_jobs`] at once, at most.
pub const JOBS_AT_ONCE: usize = 32;

/// Where an entry is: the number of its set, its time, its serial.
pub type EntryPlace = (i64, i64, i64);

/// The rows of one transaction.
pub trait Rows: JobRows + LiveRows + EntryRows + KeptRows {
    /// Begins a transaction of the database. Called once, before the first change.
    fn begin(&mut self) -> Result<(), StoreError>;

    /// Commits what was begun.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if it is unknown whether it is committed; with any other error nothing is.
    fn commit(&mut self) -> Result<(), StoreError>;

    /// Undoes what was begun and could not be committed. If that fails, it poisons the store.
    fn rollback(&mut self);
}

/// Jobs in queues, waiting or handed out: a record under each key.
pub trait JobRows {
    /// Inserts jobs under new keys, [`JOBS_AT_ONCE`] at most. Each has the record that is at its range of `records`.
    fn insert_jobs(
        &mut self,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError>;

    /// Reads a job; none if there is none under this key.
    fn job<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Tells of up to `limit` jobs from a first key to a last one, in their order, until it is told to stop.
    fn jobs_within(
        &mut self,
        keys: (i64, i64),
        limit: usize,
        each: impl FnMut(i64, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Like [`JobRows::jobs_within`], with the sizes of the records in bytes in their place.
    fn job_sizes_within(
        &mut self,
        keys: (i64, i64),
        limit: usize,
        each: impl FnMut(i64, usize) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Gives a job another record; tells whether there is one under this key.
    fn update_job(&mut self, key: i64, record: &[u8]) -> Result<bool, StoreError>;

    /// Gives a job another key, and another record with it.
    fn move_job(&mut self, from: i64, to: i64, record: &[u8]) -> Result<(), StoreError>;

    /// The key of the last job before this key, as far as the order of the rows tells.
    fn job_before(&mut self, key: i64) -> Result<Option<i64>, StoreError>;

    /// The key of the first job after this key, as far as the order of the rows tells.
    fn job_after(&mut self, key: i64) -> Result<Option<i64>, StoreError>;

    /// Deletes the jobs from a first key to a last one; tells how many there were.
    fn delete_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError>;
}

/// What nearly every transaction changes: reservations, queues, counters and tallies.
pub trait LiveRows {
    /// Inserts a reservation.
    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError>;

    /// Moves the end of a reservation.
    fn extend_reservation(&mut self, key: i64, expires_at: SteadyTime) -> Result<(), StoreError>;

    /// Deletes the reservations from a first key to a last one; tells how many there were.
    fn delete_reservations(&mut self, first: i64, last: i64) -> Result<usize, StoreError>;

    /// Deletes up to `limit` of them, the first ones; tells how many.
    fn delete_some_reservations(
        &mut self,
        first: i64,
        last: i64,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Writes the row of a queue, new or not.
    fn write_queue(&mut self, id: QueueId, row: &QueueRow) -> Result<(), StoreError>;

    /// Writes what of the tallies belongs to no set.
    fn write_tallies(&mut self, tallies: &Tallies) -> Result<(), StoreError>;

    /// Adds to the counters of a UTC day (days since 1970-01-01).
    fn add_counts(&mut self, day: i64, counts: Counts) -> Result<(), StoreError>;

    /// Forgets the counters of all days.
    fn delete_counts(&mut self) -> Result<(), StoreError>;
}

/// Jobs in sets, and the sets themselves: a number for each, which is another one after it was cleared.
pub trait EntryRows {
    /// Inserts an entry at a new place.
    fn insert_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<(), StoreError>;

    /// Tells of up to `limit` entries after a place, those of all sets that follow, until it is told to stop.
    fn entries_after(
        &mut self,
        place: EntryPlace,
        limit: usize,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads the last entry at or before a place, of any set, as far as the order of the rows tells.
    fn entry_before<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Reads the first entry after a place, of any set, as far as the order of the rows tells.
    fn entry_after<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Deletes an entry; tells whether it was there.
    fn delete_entry(&mut self, place: EntryPlace) -> Result<bool, StoreError>;

    /// Deletes the entries of the set up to this place; tells how many there were.
    fn delete_entries_until(&mut self, place: EntryPlace) -> Result<usize, StoreError>;

    /// Makes an empty set under a new number.
    fn make_set(&mut self, id: i64, name: SetName) -> Result<(), StoreError>;

    /// Writes how many entries a set has.
    fn write_set_size(&mut self, id: i64, size: u64) -> Result<(), StoreError>;

    /// Marks a set to be swept.
    fn mark_set(&mut self, id: i64, removal: Removal) -> Result<(), StoreError>;

    /// Lets every set that was marked as cleared be marked as flushed.
    fn mark_cleared_sets_flushed(&mut self) -> Result<(), StoreError>;

    /// The first marked set.
    fn marked_set(&mut self) -> Result<Option<(i64, Removal)>, StoreError>;

    /// Deletes a set that has no entries left.
    fn delete_set(&mut self, id: i64) -> Result<(), StoreError>;
}

/// What is kept besides jobs, a kind under keys of its own, in the generation named: what was kept in an older one was
/// flushed. Ticks of cron entries belong to no generation.
pub trait KeyedRows<K: Keyed> {
    /// Reads what is under a key.
    fn get(&mut self, generation: i64, key: &K::Key) -> Result<Option<K>, StoreError>;

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
    + KeyedRows<BatchState>
    + KeyedRows<BatchDetails>
    + KeyedRows<BatchCallback>
    + KeyedRows<BatchParents>
    + KeyedRows<BatchDue>
    + PassingRows<BatchDue>
{
    /// The number of a new batch, which no other has had.
    fn next_batch(&mut self) -> Result<u64, StoreError>;

    /// Whether anything is left that was kept before this generation.
    fn has_flushed(&mut self, generation: i64) -> Result<bool, StoreError>;

    /// Deletes up to `limit` rows of it; tells how many.
    fn delete_flushed(&mut self, generation: i64, limit: usize) -> Result<usize, StoreError>;
}

/// What a backend tells the writer when the store is opened: everything that is kept in memory.
pub trait Loading {
    /// What an unreadable database says.
    type Error;

    /// All rows of queues, in the order of their numbers.
    fn queues(&self) -> Result<Vec<(QueueId, QueueRow)>, Self::Error>;

    /// Tells of all reservations, in the order of their keys. Their connections are gone.
    fn reservations(&self, each: impl FnMut(Reservation)) -> Result<(), Self::Error>;

    /// Tells of the keys of jobs from a first one to a last one.
    fn job_keys(&self, keys: (i64, i64), each: impl FnMut(i64)) -> Result<(), Self::Error>;

    /// All tallies, but for the number of reservations.
    fn tallies(&self) -> Result<Tallies, Self::Error>;
}
