//! The order in which features take part in a job's life: here and nowhere else.
//!
//! At PUSH all checks come first, the lock last of them, as it is a write already: a refused job leaves nothing
//! behind. At the end of a job it is the reverse: the lock is given back, then its batch counts it, then whoever waits
//! for that batch, and last it is written down what became of the job.

use workmill_proto::{ErrorCode, WireError};
use workmill_store::{JobRecord, Lock, StoreError, Ties, TrackState, Tx};

use super::push::too_many_queues;
use crate::group::Group;
use crate::op::NewJob;

impl<T: Tx> Group<'_, T> {
    /// The checks of PUSH: for each job in order, why it is refused, if it is.
    pub(super) fn check_pushed(
        &mut self,
        jobs: &[&NewJob],
    ) -> Result<Vec<Option<WireError>>, StoreError> {
        let queues: Vec<&str> = jobs.iter().map(|job| &*job.record.queue).collect();
        let queues_refused = self.tx.queues_refused(&queues)?;
        let mut refusals = Vec::with_capacity(jobs.len());
        for (job, queue_refused) in jobs.iter().zip(queues_refused) {
            refusals.push(match queue_refused {
                true => Some(too_many_queues(&job.record.queue)),
                false => self.check_batch(&job.record)?,
            });
        }
        self.lock(jobs, &mut refusals)?;
        Ok(refusals)
    }

    fn check_batch(&mut self, record: &JobRecord) -> Result<Option<WireError>, StoreError> {
        let Some(member) = record.ties.as_ref().and_then(|ties| ties.batch) else {
            return Ok(None);
        };
        let known = self.batch_state(member.bid)?.is_some();
        Ok((!known).then(|| WireError::no_such_batch(&member.bid.to_string())))
    }

    /// Takes the locks of those jobs that nothing else speaks against.
    fn lock(
        &mut self,
        jobs: &[&NewJob],
        refusals: &mut [Option<WireError>],
    ) -> Result<(), StoreError> {
        let accepted = jobs.iter().zip(refusals).filter(|(_, no)| no.is_none());
        let (locks, places): (Vec<Lock>, Vec<_>) = accepted
            .filter_map(|(job, refusal)| Some((lock_of(&job.record)?, refusal)))
            .unzip();
        if locks.is_empty() {
            return Ok(());
        }
        let acquired = self.tx.acquire_locks(&locks, self.now)?;
        for (acquired, refusal) in acquired.into_iter().zip(places) {
            if !acquired {
                *refusal = Some(WireError {
                    code: ErrorCode::NotUnique,
                    text: "Job not unique".into(),
                });
            }
        }
        Ok(())
    }

    /// A job was taken in.
    pub(super) fn pushed(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        self.join_batch(ties)?;
        self.note(record, ties, TrackState::Enqueued)
    }

    /// A job is handed out.
    pub(super) fn started(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        if ties.lock.is_some_and(|lock| lock.until_start) {
            self.unlock(record, ties)?;
        }
        self.note(record, ties, TrackState::Working)
    }

    /// A job was acknowledged.
    pub(super) fn succeeded(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        self.unlock(record, ties)?;
        self.leave_batch(ties)?;
        self.finish_callback(ties)?;
        self.note_end(record, ties, TrackState::Success)
    }

    /// A job failed and will be tried again.
    pub(super) fn failed(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        match &record.ties {
            Some(ties) => self.note(record, ties, TrackState::Failed),
            None => Ok(()),
        }
    }

    /// A job failed for the last time, or was killed: it is dead. Its lock stays until its time is over.
    pub(super) fn died(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        match &record.ties {
            Some(ties) => self.note_end(record, ties, TrackState::Dead),
            None => Ok(()),
        }
    }

    /// A job failed and leaves no trace, as it is not to be tried again: nobody can acknowledge it any more.
    pub(super) fn failed_for_good(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.fail_in_batch(record)?;
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        self.finish_callback(ties)?;
        self.note_end(record, ties, TrackState::Failed)
    }

    /// A job goes back to its queue as if it had not been handed out.
    pub(super) fn came_back(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        if ties.lock.is_some_and(|lock| lock.until_start)
            && let Some(lock) = lock_of(record)
            && lock.ends_at > self.now
        {
            // Somebody else's by now: then they both run, as the job has been accepted.
            self.tx.acquire_locks(&[lock], self.now)?;
        }
        self.note(record, ties, TrackState::Enqueued)
    }

    /// A job from a set is in its queue.
    pub(super) fn enqueued_again(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.ties {
            Some(ties) => self.note(record, ties, TrackState::Enqueued),
            None => Ok(()),
        }
    }

    /// A job was dropped because its time was over.
    pub(super) fn expired(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(ties) = &record.ties else {
            return Ok(());
        };
        self.unlock(record, ties)?;
        self.vanish(record, ties)
    }

    /// An operator deleted a job. Its lock stays until its time is over.
    pub(super) fn deleted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.ties {
            Some(ties) => self.vanish(record, ties),
            None => Ok(()),
        }
    }

    /// A dead job is forgotten. A member of a batch stays a failed one.
    pub(super) fn evicted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.ties {
            Some(ties) => self.finish_callback(ties),
            None => Ok(()),
        }
    }

    /// The job is no more, and its batch does not wait for it.
    fn vanish(&mut self, record: &JobRecord, ties: &Ties) -> Result<(), StoreError> {
        self.leave_batch(ties)?;
        self.finish_callback(ties)?;
        self.note_end(record, ties, TrackState::Unknown)
    }

    /// Gives the lock of a job back, if it still is its own.
    fn unlock(&mut self, record: &JobRecord, ties: &Ties) -> Result<(), StoreError> {
        match &ties.lock {
            Some(lock) => self.tx.release_locks(&[(lock.key, &*record.jid)]),
            None => Ok(()),
        }
    }
}

fn lock_of(record: &JobRecord) -> Option<Lock> {
    let lock = record.ties.as_ref()?.lock?;
    Some(Lock {
        key: lock.key,
        owner: record.jid.clone(),
        ends_at: lock.ends_at,
    })
}
