//! The order in which features take part in a job's life: here and nowhere else.
//!
//! At PUSH all checks come first, the lock last of them, as it is a write already: a refused job leaves nothing
//! behind. At the end of a job it is the reverse: the lock is given back, then its batch counts it, then whoever waits
//! for that batch, and last it is written down what became of the job.

use std::borrow::Cow;
use std::time::Duration;

use rand::Rng as _;
use workmill_proto::{ErrorCode, WireError};
use workmill_store::{Features, JobLock, JobRecord, Lock, LockOwner, StoreError, TrackState, Tx};

use crate::group::Group;
use crate::op::NewJob;

impl<T: Tx> Group<'_, T> {
    /// The checks of PUSH: for each job in order, its record as it is taken in, or why it is refused.
    pub(super) fn check_pushed<'j>(
        &mut self,
        jobs: &[&'j NewJob],
    ) -> Result<Vec<Result<Cow<'j, JobRecord>, WireError>>, StoreError> {
        let wanted: Vec<_> = jobs
            .iter()
            .map(|job| (&*job.record.queue, job.client))
            .collect();
        let refusals = self.check_queues(&wanted)?;
        let mut checked = Vec::with_capacity(jobs.len());
        for (job, refusal) in jobs.iter().zip(refusals) {
            let refusal = match refusal {
                None => self.check_batch(&job.record)?,
                refusal => refusal,
            };
            checked.push(refusal.map_or(Ok(Cow::Borrowed(&job.record)), Err));
        }
        self.lock(jobs, &mut checked)?;
        Ok(checked)
    }

    fn check_batch(&mut self, record: &JobRecord) -> Result<Option<WireError>, StoreError> {
        let Some(member) = record.features.as_ref().and_then(|features| features.batch) else {
            return Ok(None);
        };
        let known = self.batch_state(member.bid)?.is_some();
        Ok((!known).then(|| WireError::no_such_batch(&member.bid.to_string())))
    }

    /// Takes the locks of those jobs that nothing else speaks against. A lock belongs to this pushing alone, and lasts
    /// from the moment the job is for, so the record is told which it is.
    fn lock(
        &mut self,
        jobs: &[&NewJob],
        checked: &mut [Result<Cow<'_, JobRecord>, WireError>],
    ) -> Result<(), StoreError> {
        let mut locks = Vec::new();
        let mut places = Vec::new();
        for (job, place) in jobs.iter().zip(checked) {
            let Some(wanted) = job.lock.filter(|_| place.is_ok()) else {
                continue;
            };
            let until_due = job.at.map_or(Duration::ZERO, |at| at.since(self.wall));
            let held = JobLock {
                key: wanted.key,
                ends_at: self.steady.plus(until_due.saturating_add(wanted.lasts)),
                until_start: wanted.until_start,
                pushing: self.rng.random(),
            };
            locks.push(lock_under(&job.record, &held));
            places.push((held, place));
        }
        if locks.is_empty() {
            return Ok(());
        }
        let acquired = self.tx.acquire_locks(&locks, self.steady)?;
        for ((lock, acquired), (held, place)) in locks.iter().zip(acquired).zip(places) {
            if !acquired {
                self.tell_who_holds(lock)?;
                *place = Err(WireError {
                    code: ErrorCode::NotUnique,
                    text: "Job not unique".into(),
                });
            } else if let Ok(record) = place {
                record.to_mut().features.get_or_insert_default().lock = Some(held);
            }
        }
        Ok(())
    }

    /// Why a job is not unique, for whoever looks for the reason.
    fn tell_who_holds(&mut self, wanted: &Lock) -> Result<(), StoreError> {
        if !tracing::enabled!(tracing::Level::DEBUG) {
            return Ok(());
        }
        if let Some(Some(held)) = self.tx.locks(&[wanted.key])?.pop() {
            let (jid, owner) = (&*wanted.owner.jid, &*held.owner.jid);
            let secs_left = held.ends_at.since(self.steady).as_secs();
            tracing::debug!(
                jid,
                owner,
                secs_left,
                "a job is not unique: the job `owner` has its lock for `secs_left` more seconds"
            );
        }
        Ok(())
    }

    /// A job was taken in.
    pub(super) fn pushed(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.join_batch(features)?;
        self.note(record, features, TrackState::Enqueued)
    }

    /// A job is handed out.
    pub(super) fn started(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        if features.lock.is_some_and(|lock| lock.until_start) {
            self.unlock(record)?;
        }
        self.note(record, features, TrackState::Working)
    }

    /// A job was acknowledged.
    pub(super) fn succeeded(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.unlock(record)?;
        self.leave_batch(features)?;
        self.finish_callback(features)?;
        self.note_end(record, features, TrackState::Success)
    }

    /// A job failed and will be tried again.
    pub(super) fn failed(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        match &record.features {
            Some(features) => self.note(record, features, TrackState::Failed),
            None => Ok(()),
        }
    }

    /// A job failed for the last time, or was killed: it is dead. Its lock stays until its time is over.
    pub(super) fn died(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        match &record.features {
            Some(features) => self.note_end(record, features, TrackState::Dead),
            None => Ok(()),
        }
    }

    /// A job failed and leaves no trace, as it is not to be tried again: nobody can acknowledge it any more.
    pub(super) fn failed_for_good(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.finish_callback(features)?;
        self.note_end(record, features, TrackState::Failed)
    }

    /// A job goes back to its queue as if it had not been handed out.
    pub(super) fn came_back(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        if features.lock.is_some_and(|lock| lock.until_start)
            && let Some(lock) = lock_of(record)
            && lock.ends_at > self.steady
        {
            // Somebody else's by now: then they both run, as the job has been accepted.
            self.tx.acquire_locks(&[lock], self.steady)?;
        }
        self.note(record, features, TrackState::Enqueued)
    }

    /// A job from a set is in its queue.
    pub(super) fn enqueued_again(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.features {
            Some(features) => self.note(record, features, TrackState::Enqueued),
            None => Ok(()),
        }
    }

    /// A job was dropped because its time was over.
    pub(super) fn expired(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.unlock(record)?;
        self.vanish(record, features)
    }

    /// An operator deleted a job. Its lock stays until its time is over.
    pub(super) fn deleted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.features {
            Some(features) => self.vanish(record, features),
            None => Ok(()),
        }
    }

    /// A dead job is forgotten. A member of a batch stays a failed one.
    pub(super) fn evicted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.features {
            Some(features) => self.finish_callback(features),
            None => Ok(()),
        }
    }

    /// The job is no more, and its batch does not wait for it.
    fn vanish(&mut self, record: &JobRecord, features: &Features) -> Result<(), StoreError> {
        self.leave_batch(features)?;
        self.finish_callback(features)?;
        self.note_end(record, features, TrackState::Unknown)
    }

    /// Gives the lock of a job back, if it still is its own.
    fn unlock(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match lock_of(record) {
            Some(lock) => self.tx.release_locks(&[(lock.key, &lock.owner)]),
            None => Ok(()),
        }
    }
}

/// The lock of a job, as the pushing that made it has or had it.
fn lock_of(record: &JobRecord) -> Option<Lock> {
    let held = record.features.as_ref()?.lock.as_ref()?;
    Some(lock_under(record, held))
}

/// The lock that a record names.
fn lock_under(record: &JobRecord, held: &JobLock) -> Lock {
    Lock {
        key: held.key,
        owner: LockOwner {
            jid: record.jid.clone(),
            pushing: held.pushing,
        },
        ends_at: held.ends_at,
    }
}
