//! The seam between rules and databases: [`Store`], [`Tx`] and what passes between them.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use crate::slice::Slice;
use crate::{
    Clocks, Counts, EntryKey, FailureId, JobKey, JobRecord, JobRef, Keyed, Passing, Place, Reading,
    Release, Reservation, ReservationsOf, SetTime, Slots, StoreError, StoredJob, Totals, Watermark,
};

/// A place where jobs are kept. One thread owns it and runs one transaction at a time.
///
/// To ensure correctness:
/// - When [`Tx::commit`] returns `Ok`, everything the transaction did is visible and survives the end of the
///   process; in no other case is anything of it visible later, except after [`StoreError::Poisoned`], when
///   all of it or nothing of it is found at the next opening.
/// - When [`Syncer::sync`] returns `Ok`, everything that was committed before it was called survives what the
///   store's durability promises. Of what was committed later a loss of power leaves a beginning: the first
///   so many transactions, each whole.
/// - A poisoned store refuses every further transaction.
/// - Dropping a transaction without committing undoes it wholly, in the database and in every cache.
pub trait Store {
    /// The transactions of this store.
    type Tx<'a>: Tx
    where
        Self: 'a;
    /// What reads this store beside its transactions.
    type Reader: Reading + Clone + 'static;
    /// What makes commits of this store durable.
    type Syncer: Syncer + Send + 'static;

    /// Starts a transaction.
    fn begin(&mut self) -> Result<Self::Tx<'_>, StoreError>;

    /// What makes commits durable, for another thread: transactions go on while it syncs.
    fn syncer(&self) -> Self::Syncer;

    /// Whether something was committed that has to be synced and is not yet.
    fn wants_sync(&self) -> bool;

    /// What reads the committed state, for other threads: as long as the store is open.
    fn reader(&self) -> Self::Reader;

    /// Closes the store; everything that was committed is durable then. Dropping it does the same and tells
    /// nobody whether it succeeded.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if the last sync failed, or the store was poisoned before.
    fn close(self) -> Result<(), StoreError>;
}

/// One transaction. Every method takes a slice and is one round trip where the database is remote.
///
/// After an error the transaction must be dropped.
pub trait Tx {
    /// Puts jobs at the tail of their queues, in the order given. Makes a queue that does not exist.
    /// They are stored with this `enqueued_at`, whatever stands in the records.
    fn enqueue(&mut self, jobs: &[&JobRecord], enqueued_at: Timestamp) -> Result<(), StoreError>;

    /// Takes up to `limit` jobs from the head of `queue`, in order; fewer once they are [`crate::SLICE_BYTES_MAX`]
    /// together, but one at least if there is one; none if it is paused, empty or unknown. So only an empty answer means
    /// that there are no more.
    ///
    /// Every claimed job must be given to [`Tx::reserve`] or [`Tx::finish`] in the same transaction.
    fn claim(&mut self, queue: &str, limit: usize) -> Result<Vec<(JobKey, StoredJob)>, StoreError>;

    /// Makes claimed jobs belong to a worker. The job's row stays where it is. `Inconsistent` if one was not
    /// claimed.
    fn reserve(&mut self, reservations: &[Reservation]) -> Result<(), StoreError>;

    /// Reservations, see [`ReservationsOf`].
    fn reservations(&mut self, of: ReservationsOf<'_>) -> Result<Vec<Reservation>, StoreError>;

    /// The names of the workers that hold reservations, sorted, without repetition and without `""`.
    fn reserving_workers(&mut self) -> Result<Vec<String>, StoreError>;

    /// The names of the queues whose jobs are reserved under these keys, in the order asked; a key without a
    /// reservation is left out.
    fn queues_of(&mut self, keys: &[JobKey]) -> Result<Vec<String>, StoreError>;

    /// How many jobs are under reservation by one holder: a worker, or, without a `wid`, a connection.
    fn reserved_by(&mut self, wid: &str, connection: u64) -> Result<u64, StoreError>;

    /// Moves the end of reservations. A key without one is ignored.
    fn extend(&mut self, ends: &[(JobKey, SteadyTime)]) -> Result<(), StoreError>;

    /// The jobs under reservation with these keys, in the order asked; a key without one is left out. Fewer once they are
    /// [`crate::SLICE_BYTES_MAX`] together, but one at least if there is one, so only an empty answer means that there are no
    /// more.
    fn working_jobs(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError>;

    /// Like [`Tx::working_jobs`], without the payloads, so that many large jobs take little memory: `body` is
    /// empty, and so are the bytes of a job that cannot be read.
    fn working_heads(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError>;

    /// Forgets jobs, be they claimed, reserved or waiting, and their reservations. A key without a job is ignored.
    fn finish(&mut self, keys: &[JobKey]) -> Result<(), StoreError>;

    /// Ends reservations and puts their jobs back before every job that was not handed out before them:
    /// each regains its old place in its queue. If the queue was removed meanwhile, the job goes to the
    /// front of the queue that has its name now (made if need be); several keep the order in which they were
    /// handed out. A key without a reservation is ignored.
    fn release(&mut self, releases: &[Release]) -> Result<(), StoreError>;

    /// Puts jobs into a set, each at its time.
    fn insert_entries(
        &mut self,
        set: SetName,
        entries: &[(SetTime, JobRecord)],
    ) -> Result<(), StoreError>;

    /// Up to `limit` entries of a set at or before `until`, in the order of the set, starting after `after`;
    /// fewer once their records are [`crate::SLICE_BYTES_MAX`] together, but one at least if there is one. So
    /// only an empty answer means that there are no more.
    fn entries(
        &mut self,
        set: SetName,
        after: Option<EntryKey>,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// Takes entries out of their sets; tells how many were there.
    fn remove_entries(&mut self, keys: &[EntryKey]) -> Result<usize, StoreError>;

    /// Gives jobs in sets other records; their places stay. A key without an entry is ignored.
    fn rewrite_entries(&mut self, entries: &[(EntryKey, JobRecord)]) -> Result<(), StoreError>;

    /// Takes the first entries of a set out of it: those that [`entries`](Tx::entries) would tell.
    fn take_entries(
        &mut self,
        set: SetName,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError>;

    /// How many jobs a place has; none has a queue that is unknown.
    fn size(&mut self, place: &Place) -> Result<u64, StoreError>;

    /// Tells the jobs that are in a place now from those that come later.
    fn watermark(&mut self, place: &Place) -> Result<Watermark, StoreError>;

    /// Up to `limit` jobs of those that were in a place at a [watermark](Tx::watermark) and still are, starting after
    /// `after`, those of a queue and of a set in its order; fewer once they are [`crate::SLICE_BYTES_MAX`] together. Only
    /// without a `next` there are no more: that is where to go on. Nothing of it is taken.
    ///
    /// A job that was with a worker and has come back to its queue since has its old place: it counts as having been there.
    /// So does one that was handed out in the very moment of the watermark, after it.
    fn jobs(
        &mut self,
        place: &Place,
        after: Option<JobRef>,
        until: Watermark,
        limit: usize,
    ) -> Result<Slice<(JobRef, StoredJob), JobRef>, StoreError>;

    /// Empties a set at once, however large: marks it; [`Tx::sweep`] does the work later.
    fn clear_set(&mut self, set: SetName) -> Result<(), StoreError>;

    /// For each name in order whether there is a queue of it, or a client may make one: not beyond [`crate::QUEUES_MAX`],
    /// those counted that earlier names of the slice would make. No other primitive keeps to that limit: a job that goes
    /// back to a queue must not be lost to it.
    fn queue_standings(&mut self, queues: &[&str]) -> Result<Vec<QueueStanding>, StoreError>;

    /// Pauses or resumes queues. Pausing one that does not exist makes it; resuming one does nothing.
    fn set_paused(&mut self, queues: &[&str], paused: bool) -> Result<(), StoreError>;

    /// Removes queues, their waiting jobs and their pause, at once, however large; reserved jobs stay.
    /// Unknown names are ignored.
    fn remove_queues(&mut self, queues: &[&str]) -> Result<(), StoreError>;

    /// Adds to the counters: of all time, and of the UTC day `day` (days since 1970-01-01).
    fn count(&mut self, day: i64, counts: Counts) -> Result<(), StoreError>;

    /// All sizes and counters, as this transaction sees them.
    fn totals(&mut self) -> Result<Totals, StoreError>;

    /// How many slots of a queue are taken: by reservations of its jobs, also of a removed queue that had its
    /// name, that began after `since`. `wid` and `connection` name the holder that is asked about.
    fn slots(
        &mut self,
        queue: &str,
        since: SteadyTime,
        wid: &str,
        connection: u64,
    ) -> Result<Slots, StoreError>;

    /// What is kept under these keys, in their order; also what has its time over, as long as it is not removed.
    fn get<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError>;

    /// Keeps things under their keys, in place of whatever is there.
    fn put<K: Keyed>(&mut self, kept: &[(K::Key, K)]) -> Result<(), StoreError>;

    /// Removes what is kept under these keys. A key without anything is ignored.
    fn remove<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<(), StoreError>;

    /// Up to `limit` keys of things of a kind whose time is over at `until`, the earliest first.
    fn due<P: Passing>(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError>;

    /// A number for a new batch, which no other has had or will have.
    fn next_batch(&mut self) -> Result<u64, StoreError>;

    /// A number for a new action: one more than that of the last one.
    fn next_action(&mut self) -> Result<u64, StoreError>;

    /// The names of all groups of failures that are kept, in their order. Whoever makes them bounds how many there are.
    fn failure_ids(&mut self) -> Result<Vec<FailureId>, StoreError>;

    /// How far the clocks were when [`Tx::note_clocks`] was last kept, or a little further; none in a new store.
    fn clocks(&mut self) -> Result<Option<Clocks>, StoreError>;

    /// Notes how far the clocks are. That is kept with the next change of sizes or counters, and by this transaction
    /// even if it changes nothing else, if `keep` is set.
    fn note_clocks(&mut self, clocks: Clocks, keep: bool) -> Result<(), StoreError>;

    /// Forgets everything but the cron entries that were made, the ticks of all, the audit log and how far the clocks are: jobs, queues, pauses, reservations, tombstones, locks,
    /// batches, tracks, groups of failures, counters; at once, however large.
    fn flush(&mut self) -> Result<(), StoreError>;

    /// Deletes up to `limit` rows of what was removed, cleared or flushed, and looks at no more queues than
    /// that; fewer once the payloads of the jobs it tells of are [`crate::SLICE_BYTES_MAX`] together. Goes on
    /// where the last call stopped.
    fn sweep(&mut self, limit: usize) -> Result<Swept, StoreError>;

    /// Makes sure that nobody else writes to the store, so that what was read from memory is as it is there; needed only where
    /// somebody could, and nothing was asked of the database so far.
    ///
    /// # Errors
    /// [`StoreError::Deposed`] if somebody else does; those of the database.
    fn confirm(&mut self) -> Result<(), StoreError>;

    /// Makes everything the transaction did visible; [`Syncer::sync`] makes it durable. Does nothing if it
    /// changed nothing.
    ///
    /// `Full` and `Statement` mean that nothing of it happened; so does `Inconsistent`, if a claimed job was neither
    /// reserved nor finished.
    fn commit(self) -> Result<(), StoreError>;
}

/// Makes durable what a store has committed.
pub trait Syncer {
    /// Makes everything durable that was committed before the call. Does nothing if it is already.
    ///
    /// # Errors
    /// [`StoreError::Poisoned`] if that failed, or the store was poisoned before: what is on disk is unknown.
    fn sync(&mut self) -> Result<(), StoreError>;
}

/// Whether a client may push to a queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum QueueStanding {
    /// There is one of the name.
    There,
    /// There is none, and it may be made.
    Missing,
    /// There is none, and there are too many already.
    Refused,
}

/// What a sweep did.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Swept {
    /// Whether more may be left.
    pub more: bool,
    /// The jobs with features among those it deleted because their queue was removed or their set was cleared.
    pub with_features: Vec<JobRecord>,
}

/// A job in a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Which.
    pub key: EntryKey,
    /// The job.
    pub job: StoredJob,
}
