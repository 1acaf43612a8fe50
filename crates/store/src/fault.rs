//! A wrapper that makes a store fail where a test wants it to.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use workmill_proto::{SetName, SteadyTime, Timestamp};

use crate::slice::Slice;
use crate::{
    Clocks, Counts, Entry, EntryKey, FailureId, JobKey, JobRecord, JobRef, Keyed, Passing, Place,
    QueueStanding, Release, Reservation, ReservationsOf, SetTime, Slots, Store, StoreError,
    StoredJob, Swept, Syncer, Totals, Tx, Watermark,
};

/// How a primitive that changes something fails. It has done nothing then.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteFault {
    /// [`StoreError::Statement`].
    Statement,
    /// [`StoreError::Full`].
    Full,
}

/// How a commit fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CommitFault {
    /// [`StoreError::Full`]: nothing was committed, the store works on.
    Full,
    /// [`StoreError::Poisoned`], and nothing was committed.
    PoisonedWithout,
    /// [`StoreError::Poisoned`], and everything was committed.
    PoisonedWith,
}

/// What is to fail. Copies are the same plan: keep one while the store has the other.
#[derive(Clone, Debug, Default)]
pub struct FaultPlan(Arc<Mutex<Planned>>);

#[derive(Debug, Default)]
struct Planned {
    writes: u64,
    payloads_read: u64,
    write: Option<(u64, WriteFault)>,
    commit: Option<CommitFault>,
    sync: bool,
    close: bool,
    poisoned: bool,
    deposed: bool,
}

impl FaultPlan {
    /// From now on somebody else writes to the store, which is noticed when it is looked at only.
    pub fn depose(&self) {
        self.planned().deposed = true;
    }

    /// Lets the `nth` of the following writes fail, counted from 0. Once.
    pub fn fail_write(&self, nth: u64, fault: WriteFault) {
        let mut planned = self.planned();
        let nth = planned.writes + nth;
        planned.write = Some((nth, fault));
    }

    /// Lets the next commit fail. Once.
    pub fn fail_commit(&self, fault: CommitFault) {
        self.planned().commit = Some(fault);
    }

    /// Lets the next sync fail with [`StoreError::Poisoned`].
    pub fn fail_sync(&self) {
        self.planned().sync = true;
    }

    /// Lets closing the store fail with [`StoreError::Poisoned`], as if the last sync had failed.
    pub fn fail_close(&self) {
        self.planned().close = true;
    }

    /// How many writes there were so far: calls of primitives that change something, failed ones included.
    pub fn writes(&self) -> u64 {
        self.planned().writes
    }

    /// How many working jobs were read so far with their payloads, which may be large.
    pub fn payloads_read(&self) -> u64 {
        self.planned().payloads_read
    }

    /// Whether something is still to fail.
    pub fn is_pending(&self) -> bool {
        let planned = self.planned();
        planned.write.is_some() || planned.commit.is_some() || planned.sync || planned.close
    }

    fn planned(&self) -> MutexGuard<'_, Planned> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn check_poison(&self) -> Result<(), StoreError> {
        match self.planned().poisoned {
            true => Err(StoreError::Poisoned(INJECTED.into())),
            false => Ok(()),
        }
    }

    fn poison(&self) -> StoreError {
        self.planned().poisoned = true;
        StoreError::Poisoned(INJECTED.into())
    }

    fn check_write(&self) -> Result<(), StoreError> {
        let mut planned = self.planned();
        let now = planned.writes;
        planned.writes += 1;
        match planned.write.take_if(|(nth, _)| *nth == now) {
            None => Ok(()),
            Some((_, WriteFault::Statement)) => Err(StoreError::Statement(INJECTED.into())),
            Some((_, WriteFault::Full)) => Err(StoreError::Full(INJECTED.into())),
        }
    }
}

const INJECTED: &str = "a fault was injected";

/// A store that fails as planned.
#[derive(Debug)]
pub struct FaultStore<S> {
    inner: S,
    plan: FaultPlan,
}

impl<S: Store> FaultStore<S> {
    /// Wraps a store.
    pub fn new(inner: S, plan: FaultPlan) -> Self {
        Self { inner, plan }
    }
}

impl<S: Store> Store for FaultStore<S> {
    type Tx<'a>
        = FaultTx<'a, S::Tx<'a>>
    where
        Self: 'a;
    type Reader = S::Reader;
    type Syncer = FaultSyncer<S::Syncer>;

    fn begin(&mut self) -> Result<Self::Tx<'_>, StoreError> {
        self.plan.check_poison()?;
        Ok(FaultTx {
            inner: self.inner.begin()?,
            plan: &self.plan,
        })
    }

    fn syncer(&self) -> Self::Syncer {
        FaultSyncer {
            inner: self.inner.syncer(),
            plan: self.plan.clone(),
        }
    }

    fn wants_sync(&self) -> bool {
        self.inner.wants_sync()
    }

    fn reader(&self) -> Self::Reader {
        self.inner.reader()
    }

    fn close(self) -> Result<(), StoreError> {
        let fails = std::mem::take(&mut self.plan.planned().close);
        self.inner.close()?;
        if fails {
            return Err(self.plan.poison());
        }
        self.plan.check_poison()
    }
}

/// What syncs a [`FaultStore`].
#[derive(Debug)]
pub struct FaultSyncer<S> {
    inner: S,
    plan: FaultPlan,
}

impl<S: Syncer> Syncer for FaultSyncer<S> {
    fn sync(&mut self) -> Result<(), StoreError> {
        if std::mem::take(&mut self.plan.planned().sync) {
            return Err(self.plan.poison());
        }
        self.plan.check_poison()?;
        self.inner.sync()
    }
}

/// A transaction of a [`FaultStore`].
#[derive(Debug)]
pub struct FaultTx<'a, T> {
    inner: T,
    plan: &'a FaultPlan,
}

/// Passes calls on; those after `write` may be made to fail.
macro_rules! pass_on {
    (
        write { $(fn $write:ident(&mut self $(, $arg:ident: $type:ty)*) -> $result:ty;)* }
        read { $(fn $read:ident(&mut self $(, $read_arg:ident: $read_type:ty)*) -> $read_result:ty;)* }
    ) => {
        $(fn $write(&mut self $(, $arg: $type)*) -> Result<$result, StoreError> {
            self.plan.check_write()?;
            self.inner.$write($($arg),*)
        })*
        $(fn $read(&mut self $(, $read_arg: $read_type)*) -> Result<$read_result, StoreError> {
            self.inner.$read($($read_arg),*)
        })*
    };
}

impl<T: Tx> Tx for FaultTx<'_, T> {
    pass_on! {
        write {
            fn enqueue(&mut self, jobs: &[&JobRecord], enqueued_at: Timestamp) -> ();
            fn claim(&mut self, queue: &str, limit: usize) -> Vec<(JobKey, StoredJob)>;
            fn reserve(&mut self, reservations: &[Reservation]) -> ();
            fn extend(&mut self, ends: &[(JobKey, SteadyTime)]) -> ();
            fn finish(&mut self, keys: &[JobKey]) -> ();
            fn release(&mut self, releases: &[Release]) -> ();
            fn insert_entries(&mut self, set: SetName, entries: &[(SetTime, JobRecord)]) -> ();
            fn remove_entries(&mut self, keys: &[EntryKey]) -> usize;
            fn rewrite_entries(&mut self, entries: &[(EntryKey, JobRecord)]) -> ();
            fn take_entries(&mut self, set: SetName, until: SetTime, limit: usize) -> Vec<Entry>;
            fn clear_set(&mut self, set: SetName) -> ();
            fn set_paused(&mut self, queues: &[&str], paused: bool) -> ();
            fn remove_queues(&mut self, queues: &[&str]) -> ();
            fn count(&mut self, day: i64, counts: Counts) -> ();
            fn flush(&mut self) -> ();
            fn sweep(&mut self, limit: usize) -> Swept;
            fn next_batch(&mut self) -> u64;
            fn next_action(&mut self) -> u64;
        }
        read {
            fn failure_ids(&mut self) -> Vec<FailureId>;
            fn reservations(&mut self, of: ReservationsOf<'_>) -> Vec<Reservation>;
            fn reserving_workers(&mut self) -> Vec<String>;
            fn queues_of(&mut self, keys: &[JobKey]) -> Vec<String>;
            fn reserved_by(&mut self, wid: &str, connection: u64) -> u64;
            fn slots(&mut self, queue: &str, since: SteadyTime, wid: &str, connection: u64) -> Slots;
            fn working_heads(&mut self, keys: &[JobKey]) -> Vec<(JobKey, StoredJob)>;
            fn entries(
                &mut self,
                set: SetName,
                after: Option<EntryKey>,
                until: SetTime,
                limit: usize
            ) -> Vec<Entry>;
            fn clocks(&mut self) -> Option<Clocks>;
            // Nobody asks for it: it must not fail in the place of what somebody did.
            fn note_clocks(&mut self, clocks: Clocks, keep: bool) -> ();
            fn size(&mut self, place: &Place) -> u64;
            fn watermark(&mut self, place: &Place) -> Watermark;
            fn jobs(
                &mut self,
                place: &Place,
                after: Option<JobRef>,
                until: Watermark,
                limit: usize
            ) -> Slice<(JobRef, StoredJob), JobRef>;
            fn queue_standings(&mut self, queues: &[&str]) -> Vec<QueueStanding>;
            fn totals(&mut self) -> Totals;
        }
    }

    fn working_jobs(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        let jobs = self.inner.working_jobs(keys)?;
        self.plan.planned().payloads_read += jobs.len() as u64;
        Ok(jobs)
    }

    fn get<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError> {
        self.inner.get(keys)
    }

    fn put<K: Keyed>(&mut self, kept: &[(K::Key, K)]) -> Result<(), StoreError> {
        self.plan.check_write()?;
        self.inner.put(kept)
    }

    fn remove<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<(), StoreError> {
        self.plan.check_write()?;
        self.inner.remove::<K>(keys)
    }

    fn due<P: Passing>(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError> {
        self.inner.due::<P>(until, limit)
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        match self.plan.planned().deposed {
            true => Err(StoreError::Deposed),
            false => self.inner.confirm(),
        }
    }

    fn commit(self) -> Result<(), StoreError> {
        let fault = self.plan.planned().commit.take();
        match fault {
            None => self.inner.commit(),
            Some(CommitFault::Full) => Err(StoreError::Full(INJECTED.into())),
            Some(CommitFault::PoisonedWithout) => Err(self.plan.poison()),
            Some(CommitFault::PoisonedWith) => {
                self.inner.commit()?;
                Err(self.plan.poison())
            }
        }
    }
}
