//! MUTATE: an operator's hand on the jobs of a place. It acts on what matched when it started, in slices; each job
//! moves atomically.
//!
//! In sets and queues jobs are deleted, killed, or enqueued now: at the tail, also those that wait in a queue already. A
//! job that a worker has is taken from it, as if its reservation had expired: what the worker says of it later comes too
//! late, and what it holds is free. It is deleted or killed, or goes back to the front of its queue as by REQUEUE. That is
//! no execution that ended, so none is counted.

use workmill_proto::{MutationFilter, MutationVerb, SetName, Timestamp, WireError, compact_json};
use workmill_store::{
    EntryKey, Features, JobKey, JobRecord, JobRef, Place, ReservationsOf, StoreError, StoredJob, Tx,
};

use super::corrupt::quarantine;
use super::fetch::has_expired;
use super::held::Held;
use super::life::Ended;
use super::tombstones;
use crate::group::Group;
use crate::limits::MUTATE_SLICE_JOBS;
use crate::op::{Change, Mutate, MutateProgress, Op, Ticket};
use crate::operations::{OperationReport, OperationState, Operations};
use crate::outcome::Outcome;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// A slice of a MUTATE; the answer comes after the last one.
    pub(crate) fn mutate(&mut self, ticket: Ticket, mutate: &Mutate) -> Result<(), StoreError> {
        let progress = match mutate.progress {
            Some(progress) => progress,
            None => match begin(self.tx, self.now.wall, &mut self.memory.operations, mutate)? {
                Ok(progress) => progress,
                Err(error) => {
                    self.answers.give(ticket, Outcome::Refused(error));
                    return Ok(());
                }
            },
        };
        let next = match self.memory.operations.goes_on(mutate.operation) {
            true => self.mutate_slice(mutate, progress)?,
            false => None,
        };
        let Some(after) = next else {
            let operations = &mut self.memory.operations;
            let outcome = mutate.operation.map_or(Outcome::Ok, |id| {
                operations.end(id, OperationState::Done, self.now.wall);
                Outcome::of_operation(operations.report(id))
            });
            self.answers.give(ticket, outcome);
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
            self.memory.operations.advance(mutate.operation, size, size);
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
        self.memory
            .operations
            .advance(mutate.operation, looked_at, changed as u64);
        Ok(slice.next)
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
                Err(corrupt) => quarantine(self.tx, self.now.wall, None, &corrupt, &mut dead)?,
            }
            taken.push(job);
        }
        let changed = records.len();
        take_out(self.tx, &taken)?;
        match change.verb {
            MutationVerb::Clear | MutationVerb::Discard => {
                for record in &records {
                    self.step(What::Deleted, Cause::Operator, record, None)?;
                }
            }
            MutationVerb::Requeue => {
                lift_expiries(&mut records, self.now.wall);
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
            lift_expiries(&mut records, self.now.wall);
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
        tombstones::put(self.tx, self.now.steady, &held)?;
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
}

/// Notes what there is to be looked at, and starts the operation if it has a name.
fn begin<T: Tx>(
    tx: &mut T,
    now: Timestamp,
    operations: &mut Operations,
    mutate: &Mutate,
) -> Result<Result<MutateProgress, WireError>, StoreError> {
    let Change { verb, place, .. } = &*mutate.change;
    if let Some(id) = mutate.operation {
        let report = OperationReport {
            id,
            verb: *verb,
            place: place.clone(),
            started_at: now,
            ended_at: None,
            looked_at: 0,
            changed: 0,
            left: tx.size(place)?,
            state: OperationState::Running,
        };
        if let Err(error) = operations.start(report) {
            return Ok(Err(error));
        }
    }
    Ok(Ok(MutateProgress {
        after: None,
        until: tx.watermark(place)?,
    }))
}

/// Takes jobs out of their queues and sets.
fn take_out<T: Tx>(tx: &mut T, jobs: &[JobRef]) -> Result<(), StoreError> {
    let (mut keys, mut entries) = (Vec::<JobKey>::new(), Vec::<EntryKey>::new());
    for job in jobs {
        match job {
            JobRef::Job(key) => keys.push(*key),
            JobRef::Entry(key) => entries.push(*key),
        }
    }
    if !keys.is_empty() {
        tx.finish(&keys)?;
    }
    if !entries.is_empty() {
        tx.remove_entries(&entries)?;
    }
    Ok(())
}

/// An operator who requeues jobs wants them run: those that have expired do not expire any more.
fn lift_expiries(records: &mut [JobRecord], now: Timestamp) {
    let mut lifted = 0_usize;
    let expired = records.iter_mut();
    let expired = expired.filter(|record| has_expired(record, now));
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
