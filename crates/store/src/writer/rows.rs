//! What a backend does for the writer: it reads and writes rows by their keys, and knows no rule about them.
//!
//! To ensure correctness, rows of jobs and of entries are found and told in the order of their keys, and nothing is
//! written before [`Rows::begin`]. A transaction reads what it has written itself.

use std::ops::{ControlFlow, Range};

use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::entries::Removal;
use super::place::QueueId;
use super::queues::QueueRow;
use super::tallies::Tallies;
use crate::record::RawRecord;
use crate::{
    BatchCallbacks, BatchDetails, BatchState, CallbackKind, Counts, CronTick, Lock, LockKey,
    LockOwner, Reservation, StoreError, Tombstone, Track,
};

/// How many jobs the writer gives to [`JobRows::insert_jobs`] at once, at most.
pub const JOBS_AT_ONCE: usize = 32;

/// Where an entry is: the number of its set, its time, its serial.
pub type EntryPlace = (i64, i64, i64);

/// The rows of one transaction.
pub trait Rows: JobRows + LiveRows + EntryRows + FeatureRows + BatchRows {
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

/// What is kept by generation, each kind in a table of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kept {
    /// Tombstones of reservations.
    Ends,
    /// Locks.
    Locks,
    /// What changes of batches.
    Batches,
    /// What never changes of batches.
    BatchDetails,
    /// Whose children batches are.
    BatchLinks,
    /// When to look at batches again.
    BatchDues,
    /// What is written down of jobs.
    Tracks,
}

impl Kept {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Ends,
        Self::Locks,
        Self::Batches,
        Self::BatchDetails,
        Self::BatchLinks,
        Self::BatchDues,
        Self::Tracks,
    ];
}

/// What is kept until a time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passing {
    /// Tombstones of reservations, by when they happened.
    Ends,
    /// Locks, by when they end.
    Locks,
    /// What is written down of jobs, by when it is to be forgotten.
    Tracks,
}

/// What features keep, in the generation named: what was kept in an older one was flushed.
pub trait FeatureRows {
    /// Remembers an end. One of the same job id and worker is the same one, and the later of the two times counts.
    fn write_end(&mut self, generation: i64, end: &Tombstone) -> Result<(), StoreError>;

    /// Whether such an end is remembered.
    fn has_end(&mut self, generation: i64, jid: &str, wid: &str) -> Result<bool, StoreError>;

    /// Takes a lock, unless there is one of its key that ends after `now`; tells whether it was taken.
    fn acquire_lock(
        &mut self,
        generation: i64,
        lock: &Lock,
        now: SteadyTime,
    ) -> Result<bool, StoreError>;

    /// Deletes a lock, if it belongs to this owner.
    fn release_lock(
        &mut self,
        generation: i64,
        key: &LockKey,
        owner: &LockOwner,
    ) -> Result<(), StoreError>;

    /// Reads a lock.
    fn lock(&mut self, generation: i64, key: &LockKey) -> Result<Option<Lock>, StoreError>;

    /// Reads a track.
    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Track>, StoreError>;

    /// Writes a track, new or not.
    fn write_track(&mut self, generation: i64, jid: &str, track: &Track) -> Result<(), StoreError>;

    /// Reads up to when the ticks of a cron entry are done. They belong to no generation.
    fn cron_tick(&mut self, name: &str) -> Result<Option<Timestamp>, StoreError>;

    /// Writes up to when the ticks of a cron entry are done.
    fn write_cron_tick(&mut self, tick: &CronTick) -> Result<(), StoreError>;

    /// Whether there is anything whose time is over at `until`.
    fn has_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
    ) -> Result<bool, StoreError>;

    /// Deletes up to `limit` of what has its time over at `until`, the earliest first; tells how many.
    fn delete_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// The oldest generation before this one of which something is left.
    fn oldest_generation(&mut self, what: Kept, before: i64) -> Result<Option<i64>, StoreError>;

    /// Deletes up to `limit` of what a generation kept; tells how many.
    fn delete_of_generation(
        &mut self,
        what: Kept,
        generation: i64,
        limit: usize,
    ) -> Result<usize, StoreError>;
}

/// Batches, in the generation named.
pub trait BatchRows {
    /// The number of a new batch, which no other has had.
    fn next_batch(&mut self) -> Result<u64, StoreError>;

    /// Inserts what changes of a new batch.
    fn insert_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError>;

    /// Inserts what never changes of it.
    fn insert_batch_details(
        &mut self,
        generation: i64,
        id: u64,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
    ) -> Result<(), StoreError>;

    /// Reads what changes of a batch.
    fn batch(&mut self, generation: i64, id: u64) -> Result<Option<BatchState>, StoreError>;

    /// Writes what changes of a batch, if there is one of this number.
    fn update_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError>;

    /// Reads what never changes of a batch, without its callbacks.
    fn batch_details(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<BatchDetails>, StoreError>;

    /// Reads the payload of a callback.
    fn batch_callback(
        &mut self,
        generation: i64,
        id: u64,
        kind: CallbackKind,
    ) -> Result<Option<Vec<u8>>, StoreError>;

    /// Deletes a batch, and whose child it was.
    fn delete_batch(&mut self, generation: i64, id: u64) -> Result<(), StoreError>;

    /// Reads whose child a batch is, in the order it became that.
    fn batch_parents(&mut self, generation: i64, child: u64) -> Result<Vec<u64>, StoreError>;

    /// Makes a batch a child, for the `nth` time, counted from 0.
    fn link_batch(
        &mut self,
        generation: i64,
        child: u64,
        nth: usize,
        parent: u64,
    ) -> Result<(), StoreError>;

    /// Notes when to look at a batch again; the same note twice is one.
    fn insert_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError>;

    /// Reads up to `limit` notes of times at or before `until`, the earliest first.
    fn batch_dues(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<(SteadyTime, u64)>, StoreError>;

    /// Deletes a note.
    fn delete_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError>;
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
