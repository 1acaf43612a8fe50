//! MUTATE: an operator's hand on the jobs of a place. It acts on what matched when it started, in slices; each job
//! moves atomically.
//!
//! In sets and queues jobs are deleted, killed, or enqueued now: at the tail, also those that wait in a queue already. A
//! job that a worker has is taken from it, as if its reservation had expired: what the worker says of it later comes too
//! late, and what it holds is free. It is deleted or killed, or goes back to the front of its queue as by REQUEUE. That is
//! no execution that ended, so none is counted.

use workmill_proto::{MutationFilter, MutationVerb, SetName, WireError, compact_json};
use workmill_store::{
    EntryKey, Features, JobKey, JobRecord, JobRef, Place, ReservationsOf, StoreError, StoredJob, Tx,
};

use super::fetch::has_expired;
use super::life::Ended;
use super::reservation::Held;
use crate::group::Group;
use crate::limits::MUTATE_SLICE_JOBS;
use crate::op::{Change, Mutate, MutateProgress, Op, Ticket};
use crate::operations::{OperationReport, OperationState};
use crate::outcome::Outcome;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// A slice of a MUTATE; the answer comes after the last one.
    pub(crate) fn mutate(&mut self, ticket: Ticket, mutate: &Mutate) -> Result<(), StoreError> {
        let progress = match mutate.progress {
            Some(progress) => progress,
            None => match self.begin_mutation(mutate)? {
                Ok(progress) => progress,
                Err(error) => {
                    self.answers.give(ticket, Outcome::Refused(error));
                    return Ok(());
                }
            },
        };
        let next = match self.is_cancelled(mutate) {
            true => None,
            false => self.mutate_slice(mutate, progress)?,
        };
        let Some(after) = next else {
            self.end_mutation(ticket, mutate);
            return Ok(());
        };
        let rest = Mutate {
            progress: Some(MutateProgress {
                after: Some(after),
                ..progress
            }),
            ..mutate.clone()
        };
        self.answers
            .continue_in_next_group(ticket, Op::Mutate(rest));
        Ok(())
    }

    fn begin_mutation(
        &mut self,
        mutate: &Mutate,
    ) -> Result<Result<MutateProgress, WireError>, StoreError> {
        let Change { verb, place, .. } = &*mutate.change;
        if let Some(id) = mutate.operation {
            let report = OperationReport {
                id,
                verb: *verb,
                place: place.clone(),
                started_at: self.now.wall,
                ended_at: None,
                looked_at: 0,
                changed: 0,
                left: self.tx.size(place)?,
                state: OperationState::Running,
            };
            if let Err(error) = self.memory.operations.start(report) {
                return Ok(Err(error));
            }
        }
        Ok(Ok(MutateProgress {
            after: None,
            until: self.tx.watermark(place)?,
        }))
    }

    fn is_cancelled(&self, mutate: &Mutate) -> bool {
        mutate.operation.is_some_and(|id| {
            let report = self.memory.operations.find(id);
            report.is_none_or(|report| report.state != OperationState::Running)
        })
    }

    fn end_mutation(&mut self, ticket: Ticket, mutate: &Mutate) {
        match mutate.operation {
            None => self.answers.give(ticket, Outcome::Ok),
            Some(id) => {
                self.memory
                    .operations
                    .end(id, OperationState::Done, self.now.wall);
                self.report_operation(ticket, id);
            }
        }
    }

    /// Tells where to go on.
    fn mutate_slice(
        &mut self,
        mutate: &Mutate,
        progress: MutateProgress,
    ) -> Result<Option<JobRef>, StoreError> {
        let change = &*mutate.change;
        let filter = change.filter.as_ref();
        if filter.is_some_and(MutationFilter::matches_nothing) {
            return Ok(None);
        }
        if let Some(set) = change.empties_a_set() {
            let size = self.tx.size(&change.place)?;
            self.tx.clear_set(set)?;
            self.note_progress(mutate, size, size);
            return Ok(None);
        }
        let MutateProgress { after, until } = progress;
        let slice = self
            .tx
            .jobs(&change.place, after, until, MUTATE_SLICE_JOBS)?;
        let looked_at = slice.items.len() as u64;
        let changed = match change.place {
            Place::Working => self.mutate_working(change, slice.items)?,
            Place::Queue(_) | Place::Set(_) => self.mutate_waiting(change, slice.items)?,
        };
        self.note_progress(mutate, looked_at, changed as u64);
        Ok(slice.next)
    }

    fn note_progress(&mut self, mutate: &Mutate, looked_at: u64, changed: u64) {
        if let Some(id) = mutate.operation {
            self.memory.operations.advance(id, looked_at, changed);
        }
    }

    /// Changes those jobs of a queue or a set that match; tells how many. One that cannot be read is quarantined.
    fn mutate_waiting(
        &mut self,
        change: &Change,
        jobs: Vec<(JobRef, StoredJob)>,
    ) -> Result<usize, StoreError> {
        let (mut taken, mut records, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        for (job, stored) in jobs {
            match stored {
                Ok(record) if change.matches(&record) => records.push(record),
                Ok(_) => continue,
                Err(corrupt) => self.quarantine(None, &corrupt, &mut dead)?,
            }
            taken.push(job);
        }
        let changed = records.len();
        self.take_out(&taken)?;
        match change.verb {
            MutationVerb::Clear | MutationVerb::Discard => {
                for record in &records {
                    self.step(What::Deleted, Cause::Operator, record, None)?;
                }
            }
            MutationVerb::Requeue => {
                self.lift_expiries(&mut records);
                self.enqueue_again(&records.iter().collect::<Vec<_>>(), Cause::Operator)?;
            }
            MutationVerb::Kill => {
                for record in &mut records {
                    self.fail_step(What::Died, Cause::Operator, record, None)?;
                }
                dead.append(&mut records);
            }
        }
        self.bury(dead)?;
        Ok(changed)
    }

    /// Takes jobs out of their queues and sets.
    fn take_out(&mut self, jobs: &[JobRef]) -> Result<(), StoreError> {
        let (mut keys, mut entries) = (Vec::<JobKey>::new(), Vec::<EntryKey>::new());
        for job in jobs {
            match job {
                JobRef::Job(key) => keys.push(*key),
                JobRef::Entry(key) => entries.push(*key),
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

    /// Takes those jobs from their workers that match; tells how many. One that cannot be read is left to its worker.
    fn mutate_working(
        &mut self,
        change: &Change,
        jobs: Vec<(JobRef, StoredJob)>,
    ) -> Result<usize, StoreError> {
        let (mut keys, mut records) = (Vec::new(), Vec::new());
        for (job, stored) in jobs {
            if let (JobRef::Job(key), Ok(record)) = (job, stored)
                && change.matches(&record)
            {
                keys.push(key);
                records.push(record);
            }
        }
        if keys.is_empty() {
            return Ok(0);
        }
        if change.verb == MutationVerb::Requeue {
            self.lift_expiries(&mut records);
        }
        let reservations = self.tx.reservations(ReservationsOf::Keys(&keys))?;
        let held = reservations.into_iter().zip(records);
        let held: Vec<Held> = held
            .map(|(reservation, record)| Held {
                reservation,
                job: Some(Ok(record)),
            })
            .collect();
        if change.verb == MutationVerb::Requeue {
            self.requeue_held(held, Cause::Operator)?;
            return Ok(keys.len());
        }
        self.put_tombstones(&held)?;
        self.end_executions(&keys, Ended::Void)?;
        let mut dead = Vec::new();
        for mut record in held.into_iter().filter_map(|held| held.job?.ok()) {
            if change.verb == MutationVerb::Kill {
                self.fail_step(What::Died, Cause::Operator, &mut record, None)?;
                dead.push(record);
            } else {
                self.step(What::Deleted, Cause::Operator, &record, None)?;
            }
        }
        self.bury(dead)?;
        Ok(keys.len())
    }

    /// An operator who requeues jobs wants them run: those that have expired do not expire any more.
    fn lift_expiries(&self, records: &mut [JobRecord]) {
        let mut lifted = 0_usize;
        let expired = records.iter_mut();
        let expired = expired.filter(|record| has_expired(record, self.now.wall));
        for record in expired {
            if let Some(features) = &mut record.features {
                features.expires_at = None;
            }
            record
                .features
                .take_if(|features| **features == Features::default());
            let (jid, queue, jobtype) = (&*record.jid, &*record.queue, &*record.jobtype);
            tracing::debug!(jid, queue, jobtype, "an expired job is requeued by MUTATE");
            lifted += 1;
        }
        if lifted > 0 {
            tracing::info!(
                jobs = lifted,
                "jobs that MUTATE requeues have expired: their expiry is lifted, so that they are run"
            );
        }
    }
}

impl Change {
    /// The set that it empties, if it does: `clear` has no filter here; `discard` of everything is the same thing.
    fn empties_a_set(&self) -> Option<SetName> {
        let empties = match self.verb {
            MutationVerb::Clear => true,
            MutationVerb::Discard => self.filter.is_none(),
            MutationVerb::Kill | MutationVerb::Requeue => false,
        };
        match self.place {
            Place::Set(set) if empties => Some(set),
            _ => None,
        }
    }

    fn matches(&self, record: &JobRecord) -> bool {
        match &self.filter {
            None => true,
            Some(MutationFilter::Jids(jids)) => jids.contains(&*record.jid),
            Some(MutationFilter::Jobtype(jobtype)) => **jobtype == *record.jobtype,
            Some(MutationFilter::Glob { glob, jobtype }) => {
                jobtype
                    .as_ref()
                    .is_none_or(|jobtype| **jobtype == *record.jobtype)
                    && glob.matches(&compact_json(&record.body))
            }
        }
    }
}
