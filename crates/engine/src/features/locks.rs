//! Locks of unique jobs. A lock belongs to one pushing of a job and ends by itself.

use std::borrow::Cow;
use std::time::Duration;

use rand::Rng as _;
use rand::rngs::SmallRng;
use workmill_proto::{ErrorCode, SteadyTime, WireError};
use workmill_store::{Clocks, JobLock, JobRecord, Lock, LockKey, LockOwner, StoreError, Tx};

use crate::new_job::NewJob;
use crate::overlay::Overlay;

/// The locks a group looks at.
#[derive(Debug, Default)]
pub(crate) struct Locks(Overlay<Lock>);

/// A lock that somebody else has.
#[derive(Debug)]
struct Held(Lock);

impl Held {
    /// Says why a job is not unique, for whoever looks for the reason.
    fn tell(&self, record: &JobRecord, now: SteadyTime) {
        let (jid, owner) = (&*record.jid, &*self.0.owner.jid);
        let secs_left = self.0.ends_at.since(now).as_secs();
        tracing::debug!(
            jid,
            owner,
            secs_left,
            "a job is not unique: the job `owner` has its lock for `secs_left` more seconds"
        );
    }
}

impl Locks {
    /// Reads locks at once that are about to be asked for.
    pub(crate) fn load<T: Tx>(
        &mut self,
        tx: &mut T,
        keys: impl Iterator<Item = LockKey>,
    ) -> Result<(), StoreError> {
        self.0.load(tx, keys)
    }

    /// Takes the locks of those pushed jobs that nothing else speaks against. A lock belongs to this pushing alone, and
    /// lasts from the moment the job is for, so the record is told which it is.
    pub(crate) fn acquire_all<T: Tx>(
        &mut self,
        tx: &mut T,
        now: Clocks,
        rng: &mut SmallRng,
        jobs: &[&NewJob],
        checked: &mut [Result<Cow<'_, JobRecord>, WireError>],
    ) -> Result<(), StoreError> {
        let wanted = jobs.iter().zip(&*checked);
        let wanted = wanted.filter_map(|(job, place)| job.lock.filter(|_| place.is_ok()));
        self.load(tx, wanted.map(|wanted| wanted.key))?;
        for (job, place) in jobs.iter().zip(checked) {
            let Some(wanted) = job.lock.filter(|_| place.is_ok()) else {
                continue;
            };
            let until_due = job.at.map_or(Duration::ZERO, |at| at.since(now.wall));
            let lock = JobLock {
                key: wanted.key,
                ends_at: now.steady.plus(until_due.saturating_add(wanted.lasts)),
                until_start: wanted.until_start,
                pushing: rng.random(),
            };
            if let Some(held) = self.acquire(tx, now.steady, &job.record, &lock)? {
                held.tell(&job.record, now.steady);
                *place = Err(WireError {
                    code: ErrorCode::NotUnique,
                    text: "Job not unique".into(),
                });
            } else if let Ok(record) = place {
                record.to_mut().features.get_or_insert_default().lock = Some(lock);
            }
        }
        Ok(())
    }

    /// Takes a lock for a job, unless somebody has it whose time is not over: then it is told who.
    fn acquire<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        record: &JobRecord,
        wanted: &JobLock,
    ) -> Result<Option<Held>, StoreError> {
        let held = self.0.get(tx, &wanted.key)?;
        if let Some(held) = held.filter(|held| held.ends_at > now) {
            return Ok(Some(Held(held.clone())));
        }
        let lock = Lock {
            owner: owner(record, wanted),
            ends_at: wanted.ends_at,
        };
        self.0.put(wanted.key, lock);
        Ok(None)
    }

    /// A job starts: gives its lock back, if it is one for the time until then.
    pub(crate) fn release_at_start<T: Tx>(
        &mut self,
        tx: &mut T,
        record: &JobRecord,
    ) -> Result<(), StoreError> {
        match lock_of(record) {
            Some(lock) if lock.until_start => self.release(tx, record),
            _ => Ok(()),
        }
    }

    /// Gives the lock of a job back, if it still is its own.
    pub(crate) fn release<T: Tx>(
        &mut self,
        tx: &mut T,
        record: &JobRecord,
    ) -> Result<(), StoreError> {
        let Some(lock) = lock_of(record) else {
            return Ok(());
        };
        let held = self.0.get(tx, &lock.key)?;
        if held.is_some_and(|held| is_owned(held, record, lock)) {
            self.0.remove(lock.key);
        }
        Ok(())
    }

    /// A job that had started waits again: takes the lock again that it gave back then. If that is somebody else's by now,
    /// they both run, as the job has been accepted.
    pub(crate) fn take_again<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        record: &JobRecord,
    ) -> Result<(), StoreError> {
        if let Some(lock) = lock_of(record)
            && lock.until_start
            && lock.ends_at > now
        {
            self.acquire(tx, now, record, lock)?;
        }
        Ok(())
    }

    /// A job comes back that was deleted. Its lock was left to it until the time of that is over, so nobody else should have
    /// it; if somebody has, the job may not come back. One that its job gives back when it starts may be another's by right.
    /// Tells whether the job may come back, and takes the lock again if nobody has it.
    pub(crate) fn may_come_back<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        record: &JobRecord,
    ) -> Result<bool, StoreError> {
        let Some(lock) = lock_of(record) else {
            return Ok(true);
        };
        if lock.until_start || lock.ends_at <= now {
            return Ok(true);
        }
        let held = self.0.get(tx, &lock.key)?;
        if held.is_some_and(|held| is_owned(held, record, lock)) {
            return Ok(true);
        }
        Ok(self.acquire(tx, now, record, lock)?.is_none())
    }

    /// Forgets up to `limit` locks whose time is over; tells how many.
    pub(crate) fn forget_ended<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.0.forget_due(tx, now, limit)
    }

    /// Forgets what is known, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        self.0.write(tx)
    }
}

fn lock_of(record: &JobRecord) -> Option<&JobLock> {
    record.features.as_ref()?.lock.as_ref()
}

fn owner(record: &JobRecord, lock: &JobLock) -> LockOwner {
    LockOwner {
        jid: record.jid.clone(),
        pushing: lock.pushing,
    }
}

fn is_owned(held: &Lock, record: &JobRecord, lock: &JobLock) -> bool {
    held.owner.jid == record.jid && held.owner.pushing == lock.pushing
}
