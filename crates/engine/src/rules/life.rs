//! A job's life: what takes part in each step of it, in which order. Here and nowhere else.
//!
//! At PUSH all checks come first, the lock last of them: a refused job leaves nothing behind. At the end of a job it is the
//! reverse: the lock is given back, then its batch counts it, then whoever waits for that batch goes on, and last it is
//! written down what became of the job. Meters are told of every step.
//!
//! Executions end for many jobs at once, whatever becomes of each ([`Group::end_executions`]): they are counted, and whoever
//! waits for their slots may have them. What is counted over time is noted here, too. A queue is ready as soon as it has a job more ([`Group::enqueue`],
//! [`Group::put_back`]). Groups of failures follow the two sets that their jobs are in ([`Group::put_into`],
//! [`Group::take_first`], [`Group::take_out`], [`Group::clear_set`]).

use std::borrow::Cow;
use std::time::Duration;

use workmill_proto::{SetName, SteadyTime, WireError};
use workmill_store::{
    Entry, EntryKey, FailureId, Features, JobKey, JobRecord, JobRef, Release, Reservation, SetTime,
    StoreError, TrackState, Tx,
};

use super::report::Report;
use crate::features::Seen;
use crate::group::Group;
use crate::history::{Counted, History, Series};
use crate::new_job::NewJob;
use crate::step::{Cause, Execution, Step, What};

/// How executions ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ended {
    Well,
    Badly,
}

/// How a job was taken away that comes back.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Taken {
    Deleted,
    Killed {
        /// Whether it was a member of a batch that had not failed.
        was_pending: bool,
    },
    /// It was dead and had to leave, also if it was killed just before.
    Evicted {
        /// The same.
        was_pending: bool,
    },
}

/// An execution that ends.
#[derive(Clone, Copy, Debug)]
pub(super) struct Ending {
    /// Of which job.
    pub(super) key: JobKey,
    /// What it is counted with; none if that is not known.
    pub(super) series: Option<Series>,
    /// When it began.
    pub(super) since: SteadyTime,
}

impl Ending {
    /// The end of an execution, of a job that is this one if it was read.
    pub(super) fn of(
        history: &mut History,
        held: &Reservation,
        record: Option<&JobRecord>,
    ) -> Self {
        Self {
            key: held.key,
            series: history.series_of_held(held, record),
            since: held.reserved_at,
        }
    }
}

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
        let refusals = self.memory.makers.check(self.tx, &wanted)?;
        self.prefetch(jobs.iter().map(|job| &job.record))?;
        let mut checked = Vec::with_capacity(jobs.len());
        for (job, refusal) in jobs.iter().zip(refusals) {
            let refusal = match (refusal, &job.record.features) {
                (None, Some(features)) => self.batches.refuse_member(self.tx, features)?,
                (refusal, _) => refusal,
            };
            checked.push(refusal.map_or(Ok(Cow::Borrowed(&job.record)), Err));
        }
        self.locks
            .acquire_all(self.tx, self.now, &mut self.rng, jobs, &mut checked)?;
        Ok(checked)
    }

    /// Reads at once what the features of these jobs are about to look at.
    pub(super) fn prefetch<'r>(
        &mut self,
        records: impl Iterator<Item = &'r JobRecord>,
    ) -> Result<(), StoreError> {
        let (mut locks, mut batches, mut tracked) = (Vec::new(), Vec::new(), Vec::new());
        let mut entries = Vec::new();
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
            entries.extend(features.cron.clone());
        }
        self.locks.load(self.tx, locks.into_iter())?;
        self.batches.load(self.tx, batches.into_iter())?;
        self.cron_runs.load(self.tx, entries.into_iter())?;
        self.tracks.load(self.tx, tracked.into_iter())
    }

    /// Something happens to a job; with it an execution may begin or end.
    pub(super) fn step(
        &mut self,
        what: What,
        cause: Cause,
        record: &JobRecord,
        execution: Option<Execution<'_>>,
    ) -> Result<(), StoreError> {
        let step = Step {
            what,
            cause,
            at: self.now,
            record,
            execution,
        };
        match what {
            What::Started => {
                self.memory
                    .slots
                    .spend(self.now.steady, self.rules, &record.queue);
            }
            What::Died => {
                self.memory.history.note_job(record, Counted::Died);
            }
            What::Expired => {
                self.memory.history.note_job(record, Counted::Expired);
            }
            _ => {}
        }
        if self.memory.careful.is_watching() {
            self.memory.careful.note(what, cause, record);
        }
        if let Some(features) = &record.features {
            self.take_part(&step, features)?;
        }
        self.meters.note(&step);
        step.trace();
        Ok(())
    }

    /// What the features of a job do in a step.
    fn take_part(&mut self, step: &Step<'_>, features: &Features) -> Result<(), StoreError> {
        let (now, record) = (step.at, step.record);
        match step.what {
            What::Pushed => {
                self.batches.join(self.tx, now.steady, features)?;
                self.note_state(step, TrackState::Enqueued)
            }
            What::Started => {
                self.locks.release_at_start(self.tx, record)?;
                self.note_state(step, TrackState::Working)
            }
            What::Succeeded => {
                self.locks.release(self.tx, record)?;
                self.batches.leave(self.tx, now.steady, features)?;
                self.batches
                    .finish_callback(self.tx, now.steady, features)?;
                self.queue_callbacks()?;
                self.note_end(step, TrackState::Success)
            }
            What::Failed => {
                self.batches.fail(self.tx, now.steady, features)?;
                self.queue_callbacks()?;
                self.note_state(step, TrackState::Failed)
            }
            // Its lock stays until its time is over.
            What::Died => {
                self.batches.fail(self.tx, now.steady, features)?;
                self.queue_callbacks()?;
                self.note_end(step, TrackState::Dead)
            }
            // Nobody can acknowledge it any more.
            What::Dropped => {
                self.batches.fail(self.tx, now.steady, features)?;
                self.batches
                    .finish_callback(self.tx, now.steady, features)?;
                self.queue_callbacks()?;
                self.note_end(step, TrackState::Failed)
            }
            What::CameBack => {
                self.locks.take_again(self.tx, now.steady, record)?;
                self.note_state(step, TrackState::Enqueued)
            }
            What::Promoted => self.note_state(step, TrackState::Enqueued),
            // The lock of a job that an operator deletes stays until its time is over.
            What::Expired | What::Deleted => {
                if step.what == What::Expired {
                    self.locks.release(self.tx, record)?;
                }
                self.batches.leave(self.tx, now.steady, features)?;
                self.batches
                    .finish_callback(self.tx, now.steady, features)?;
                self.queue_callbacks()?;
                self.note_end(step, TrackState::Unknown)
            }
            What::Restored(Some(SetName::Dead)) => self.note_end(step, TrackState::Dead),
            What::Restored(Some(SetName::Retries)) => self.note_state(step, TrackState::Failed),
            What::Restored(None | Some(SetName::Scheduled | SetName::Completed)) => {
                self.note_state(step, TrackState::Enqueued)
            }
            // A member of a batch stays a failed one.
            What::Evicted => {
                self.batches
                    .finish_callback(self.tx, now.steady, features)?;
                self.queue_callbacks()
            }
        }
    }

    /// Writes down where a job is.
    fn note_state(&mut self, step: &Step<'_>, state: TrackState) -> Result<(), StoreError> {
        let (now, record) = (step.at, step.record);
        self.cron_runs.note(self.tx, now, record, state)?;
        self.tracks.note(self.tx, now, record, state)
    }

    /// Writes down what became of a job that has ended.
    fn note_end(&mut self, step: &Step<'_>, state: TrackState) -> Result<(), StoreError> {
        let (now, record) = (step.at, step.record);
        self.cron_runs.note(self.tx, now, record, state)?;
        self.tracks.note_end(self.tx, now, record, state)
    }

    /// A job failed, or was killed: [`What::Failed`], [`What::Died`] or [`What::Dropped`]. From now on it is a failed member
    /// of its batch.
    pub(super) fn fail_step(
        &mut self,
        what: What,
        cause: Cause,
        record: &mut JobRecord,
        execution: Option<&Reservation>,
    ) -> Result<(), StoreError> {
        self.step(what, cause, record, execution.map(Execution::from))?;
        let features = record.features.as_mut();
        if let Some(member) = features.and_then(|features| features.batch.as_mut()) {
            member.failed = true;
        }
        Ok(())
    }

    /// A job comes back that an operator had taken away: [`What::Restored`]. It is the member of its batch that it was, unless
    /// that has gone on without it. A callback that was deleted or evicted is none any more, as its batch counts it as done.
    pub(super) fn come_back(
        &mut self,
        record: &mut JobRecord,
        to: Option<SetName>,
        taken: Taken,
    ) -> Result<(), StoreError> {
        let now = self.now.steady;
        if let Some(features) = &mut record.features {
            if !matches!(taken, Taken::Killed { .. }) {
                features.callback = None;
            }
            if let Some(member) = &mut features.batch {
                match taken {
                    Taken::Deleted => {
                        if !self.batches.rejoin(self.tx, now, *member)? {
                            features.batch = None;
                        }
                    }
                    Taken::Killed { was_pending } | Taken::Evicted { was_pending } => {
                        if was_pending && self.batches.recover(self.tx, now, *member)? {
                            member.failed = false;
                        }
                    }
                }
            }
        }
        // Only as one of the dead it was among jobs that have failed.
        if record.failure_count == 0 && to != Some(SetName::Dead) {
            record.failure = None;
        }
        record
            .features
            .take_if(|features| **features == Features::default());
        self.step(What::Restored(to), Cause::Operator, record, None)
    }

    /// Executions end, and their jobs do not go back to their queues: they are counted, and whoever waits for their slots
    /// may have them.
    pub(super) fn end_executions(
        &mut self,
        endings: &[Ending],
        ended: Ended,
    ) -> Result<(), StoreError> {
        self.meters
            .count_ended(endings.len(), ended == Ended::Badly);
        for ending in endings {
            let micros = micros(self.now.steady.since(ending.since));
            let counted = match ended {
                Ended::Well => Counted::Succeeded(micros),
                Ended::Badly => Counted::Failed(micros),
            };
            let series = ending.series.unwrap_or(Series::OTHERS);
            self.memory.history.note(series, counted);
        }
        let keys: Vec<JobKey> = endings.iter().map(|ending| ending.key).collect();
        self.void_executions(&keys)
    }

    /// Executions end as if they had never begun, and their jobs do not go back to their queues.
    pub(super) fn void_executions(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        if keys.is_empty() {
            return Ok(());
        }
        let freed = self.memory.slots.freed(self.tx, self.rules, keys)?;
        for queue in freed {
            self.memory.parked.make_ready(&queue);
        }
        self.tx.finish(keys)
    }

    /// Executions end, and their jobs go back to the front of their queues, which are ready then.
    pub(super) fn put_back(&mut self, releases: &[Release]) -> Result<(), StoreError> {
        if releases.is_empty() {
            return Ok(());
        }
        let keys: Vec<JobKey> = releases.iter().map(|release| release.key).collect();
        let queues = self.tx.queues_of(&keys)?;
        self.tx.release(releases)?;
        for queue in queues {
            self.memory.parked.make_ready(&queue);
        }
        Ok(())
    }

    /// Puts jobs at the tail of their queues, which are ready then.
    pub(super) fn enqueue(&mut self, jobs: &[&JobRecord]) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.tx.enqueue(jobs, self.now.wall)?;
        for job in jobs {
            self.memory.history.note_job(job, Counted::Enqueued);
            self.memory.parked.make_ready(&job.queue);
        }
        Ok(())
    }

    /// Puts jobs into a set. In that of those to be retried, and the dead, the groups of their failures count them.
    pub(super) fn put_into(
        &mut self,
        set: SetName,
        mut entries: Vec<(SetTime, JobRecord)>,
    ) -> Result<(), StoreError> {
        for (_, record) in &mut entries {
            self.failures.enter(self.tx, self.now, set, record)?;
        }
        self.tx.insert_entries(set, &entries)
    }

    /// Takes the first jobs out of a set, and out of the groups of their failures.
    pub(super) fn take_first(
        &mut self,
        set: SetName,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let taken = self.tx.take_entries(set, until, limit)?;
        for record in taken.iter().filter_map(|entry| entry.job.as_ref().ok()) {
            self.failures
                .leave(self.tx, self.now, set, record.failure)?;
        }
        Ok(taken)
    }

    /// Takes jobs that wait out of their queues and sets, and out of the groups of their failures.
    pub(super) fn take_out(
        &mut self,
        jobs: &[(JobRef, Option<FailureId>)],
    ) -> Result<(), StoreError> {
        let (mut keys, mut entries) = (Vec::<JobKey>::new(), Vec::<EntryKey>::new());
        for (job, failure) in jobs {
            match job {
                JobRef::Job(key) => keys.push(*key),
                JobRef::Entry(key) => {
                    entries.push(*key);
                    self.failures.leave(self.tx, self.now, key.set, *failure)?;
                }
            }
        }
        if !keys.is_empty() {
            self.tx.finish(&keys)?;
        }
        if !entries.is_empty() {
            self.tx.remove_entries(&entries)?;
        }
        Ok(())
    }

    /// Empties a set at once.
    pub(super) fn clear_set(&mut self, set: SetName) -> Result<(), StoreError> {
        self.failures.leave_all(self.tx, self.now, set)?;
        self.tx.clear_set(set)
    }

    /// A job that is to be kept has failed. Tells the group of its failure.
    pub(super) fn note_failure(
        &mut self,
        jobtype: &str,
        report: &Report<'_>,
        wid: &str,
    ) -> Result<FailureId, StoreError> {
        let seen = Seen {
            jobtype,
            errtype: report.errtype,
            message: report.message,
            backtrace: report.backtrace,
            wid,
            at: self.now.wall,
        };
        self.failures.note(self.tx, self.now, &seen)
    }

    /// Counts that a job is handed out; tells what its end is to be counted with.
    pub(super) fn note_started(&mut self, record: &JobRecord) -> Series {
        let waited = record.enqueued_at.map(|at| self.now.wall.since(at));
        let counted = Counted::Started(micros(waited.unwrap_or_default()));
        self.memory.history.note_job(record, counted)
    }
}

fn micros(duration: Duration) -> u64 {
    u64::try_from(duration.as_micros()).unwrap_or(u64::MAX)
}
