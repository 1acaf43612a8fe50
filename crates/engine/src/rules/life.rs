//! The order in which features take part in a job's life: here and nowhere else.
//!
//! At PUSH all checks come first, the lock last of them, as it is a write already: a refused job leaves nothing
//! behind. At the end of a job it is the reverse: the lock is given back, then its batch counts it, then whoever waits
//! for that batch, and last it is written down what became of the job.

use std::borrow::Cow;
use std::time::Duration;

use rand::Rng as _;
use workmill_proto::{ErrorCode, WireError};
use workmill_store::{Features, JobLock, JobRecord, Lock, StoreError, TrackState, Tx};

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
        self.prefetch(jobs.iter().map(|job| &job.record))?;
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

    /// Reads at once what the features of these jobs are about to look at.
    pub(super) fn prefetch<'r>(
        &mut self,
        records: impl Iterator<Item = &'r JobRecord>,
    ) -> Result<(), StoreError> {
        let (mut locks, mut batches, mut tracked) = (Vec::new(), Vec::new(), Vec::new());
        for record in records {
            let Some(features) = &record.features else {
                continue;
            };
            locks.extend(features.lock.map(|lock| lock.key));
            batches.extend(features.batch.map(|member| member.bid.id));
            batches.extend(features.callback.map(|callback| callback.bid.id));
            if features.tracked {
                tracked.push(record.jid.clone());
            }
        }
        self.locks.load(self.tx, locks.into_iter())?;
        self.batches.load(self.tx, batches.into_iter())?;
        self.tracks.load(self.tx, tracked.into_iter())
    }

    fn check_batch(&mut self, record: &JobRecord) -> Result<Option<WireError>, StoreError> {
        let Some(member) = record.features.as_ref().and_then(|features| features.batch) else {
            return Ok(None);
        };
        let known = self.batches.state(self.tx, member.bid)?.is_some();
        Ok((!known).then(|| WireError::no_such_batch(&member.bid.to_string())))
    }

    /// Takes the locks of those jobs that nothing else speaks against. A lock belongs to this pushing alone, and lasts
    /// from the moment the job is for, so the record is told which it is.
    fn lock(
        &mut self,
        jobs: &[&NewJob],
        checked: &mut [Result<Cow<'_, JobRecord>, WireError>],
    ) -> Result<(), StoreError> {
        let wanted = jobs.iter().zip(&*checked);
        let wanted = wanted.filter_map(|(job, place)| job.lock.filter(|_| place.is_ok()));
        self.locks.load(self.tx, wanted.map(|wanted| wanted.key))?;
        for (job, place) in jobs.iter().zip(checked) {
            let Some(wanted) = job.lock.filter(|_| place.is_ok()) else {
                continue;
            };
            let until_due = job.at.map_or(Duration::ZERO, |at| at.since(self.wall));
            let lock = JobLock {
                key: wanted.key,
                ends_at: self.steady.plus(until_due.saturating_add(wanted.lasts)),
                until_start: wanted.until_start,
                pushing: self.rng.random(),
            };
            let held = self
                .locks
                .acquire(self.tx, self.steady, &job.record, &lock)?;
            if let Some(held) = held {
                self.tell_who_holds(&job.record, &held);
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

    /// Why a job is not unique, for whoever looks for the reason.
    fn tell_who_holds(&self, record: &JobRecord, held: &Lock) {
        let (jid, owner) = (&*record.jid, &*held.owner.jid);
        let secs_left = held.ends_at.since(self.steady).as_secs();
        tracing::debug!(
            jid,
            owner,
            secs_left,
            "a job is not unique: the job `owner` has its lock for `secs_left` more seconds"
        );
    }

    /// A job was taken in.
    pub(super) fn pushed(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.batches.join(self.tx, self.steady, features)?;
        self.note(record, TrackState::Enqueued)
    }

    /// A job is handed out.
    pub(super) fn started(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        if record.features.is_none() {
            return Ok(());
        }
        self.locks.release_at_start(self.tx, record)?;
        self.note(record, TrackState::Working)
    }

    /// A job was acknowledged.
    pub(super) fn succeeded(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.locks.release(self.tx, record)?;
        self.batches.leave(self.tx, self.steady, features)?;
        self.finish_callback(features)?;
        self.note_end(record, TrackState::Success)
    }

    /// A job failed and will be tried again.
    pub(super) fn failed(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        if record.features.is_none() {
            return Ok(());
        }
        self.batches.fail(self.tx, self.steady, record)?;
        self.queue_callbacks()?;
        self.note(record, TrackState::Failed)
    }

    /// A job failed for the last time, or was killed: it is dead. Its lock stays until its time is over.
    pub(super) fn died(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        if record.features.is_none() {
            return Ok(());
        }
        self.batches.fail(self.tx, self.steady, record)?;
        self.queue_callbacks()?;
        self.note_end(record, TrackState::Dead)
    }

    /// A job failed and leaves no trace, as it is not to be tried again: nobody can acknowledge it any more.
    pub(super) fn failed_for_good(&mut self, record: &mut JobRecord) -> Result<(), StoreError> {
        self.batches.fail(self.tx, self.steady, record)?;
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.finish_callback(features)?;
        self.note_end(record, TrackState::Failed)
    }

    /// A job goes back to its queue as if it had not been handed out.
    pub(super) fn came_back(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        if record.features.is_none() {
            return Ok(());
        }
        self.locks.take_again(self.tx, self.steady, record)?;
        self.note(record, TrackState::Enqueued)
    }

    /// A job from a set is in its queue.
    pub(super) fn enqueued_again(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match record.features.is_some() {
            true => self.note(record, TrackState::Enqueued),
            false => Ok(()),
        }
    }

    /// A job was dropped because its time was over.
    pub(super) fn expired(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        self.locks.release(self.tx, record)?;
        self.deleted(record)
    }

    /// An operator deleted a job: its batch does not wait for it. Its lock stays until its time is over.
    pub(super) fn deleted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        let Some(features) = &record.features else {
            return Ok(());
        };
        self.batches.leave(self.tx, self.steady, features)?;
        self.finish_callback(features)?;
        self.note_end(record, TrackState::Unknown)
    }

    /// A dead job is forgotten. A member of a batch stays a failed one.
    pub(super) fn evicted(&mut self, record: &JobRecord) -> Result<(), StoreError> {
        match &record.features {
            Some(features) => self.finish_callback(features),
            None => Ok(()),
        }
    }

    /// Whoever waited for this callback, or for what was changed before, goes on.
    fn finish_callback(&mut self, features: &Features) -> Result<(), StoreError> {
        self.batches
            .finish_callback(self.tx, self.steady, features.callback)?;
        self.queue_callbacks()
    }

    fn note(&mut self, record: &JobRecord, state: TrackState) -> Result<(), StoreError> {
        let now = self.now();
        self.tracks.note(self.tx, now, record, state)
    }

    fn note_end(&mut self, record: &JobRecord, state: TrackState) -> Result<(), StoreError> {
        let now = self.now();
        self.tracks.note_end(self.tx, now, record, state)
    }
}
