//! What is done to the jobs of a slice of a MUTATE, or of an operation on many jobs.
//!
//! In sets and queues jobs are deleted, killed, or enqueued now: at the tail, also those that wait in a queue already. They
//! are moved to another queue: at its tail, or, in a set, where they are, until their time. A
//! job that a worker has is taken from it, as if its reservation had expired: what the worker says of it later comes too
//! late, and what it holds is free. It is deleted or killed, or goes back to the front of its queue as by REQUEUE. That is
//! no execution that ended, so none is counted.

use std::collections::BTreeMap;

use workmill_proto::{Job, SetName, Timestamp};
use workmill_store::{
    Clocks, EntryKey, Features, Home, JobKey, JobRecord, JobRef, Place, Reservation,
    ReservationsOf, StoreError, StoredJob, Tx,
};

use super::corrupt::quarantine;
use super::fetch::has_expired;
use super::held::Held;
use super::tombstones;
use crate::change::{Change, ChangeVerb};
use crate::group::Group;
use crate::operations::Done;
use crate::query::Verdict;
use crate::step::Cause;

impl<T: Tx> Group<'_, T> {
    /// Changes those of some jobs of a place that are meant, as many as there is `room` for. Tells also behind which job to go on, if the room ended before the jobs.
    pub(super) fn change_jobs(
        &mut self,
        change: &Change,
        place: &Place,
        jobs: Vec<(JobRef, StoredJob)>,
        began: Clocks,
        room: usize,
    ) -> Result<(Done, Option<JobRef>), StoreError> {
        let mut done = Done::default();
        let reservations = match place {
            Place::Working if change.asks_for_reservations() => reservations_of(self.tx, &jobs)?,
            _ => BTreeMap::new(),
        };
        let mut meant = Vec::with_capacity(jobs.len());
        let (mut last, mut goes_on_behind) = (None, None);
        for (key, stored) in jobs {
            if meant.len() >= room {
                goes_on_behind = last;
                break;
            }
            last = Some(key);
            done.looked_at += 1;
            let reservation = reservations.get(&key);
            let hidden = &self.rules.redactions;
            match change.concerns(place, (key, &stored), reservation, began, hidden) {
                Verdict::Yes => meant.push((key, stored)),
                Verdict::No => {}
                Verdict::Unknown => done.unknown += 1,
            }
        }
        let changed = match (place, &change.verb) {
            (Place::Working, verb) => self.change_working(verb, meant)?,
            (Place::Queue(_) | Place::Set(_), ChangeVerb::Move(queue)) => {
                self.rewrite_waiting(meant, false, |record| moved(record, queue))?
            }
            (Place::Queue(_) | Place::Set(_), ChangeVerb::Edit(edit)) => {
                self.rewrite_waiting(meant, edit.enqueues(), |record| edit.applied(record))?
            }
            (Place::Queue(_) | Place::Set(_), verb) => self.change_waiting(verb, meant)?,
        };
        done.changed = changed as u64;
        Ok((done, goes_on_behind))
    }

    /// Changes jobs of a queue or a set; tells how many. One that cannot be read is quarantined.
    fn change_waiting(
        &mut self,
        verb: &ChangeVerb,
        jobs: Vec<(JobRef, StoredJob)>,
    ) -> Result<usize, StoreError> {
        let (mut taken, mut meant, mut dead) = (Vec::new(), Vec::new(), Vec::new());
        for (job, stored) in jobs {
            match stored {
                Ok(record) => {
                    taken.push((job, record.failure));
                    meant.push((home_of(job), record));
                }
                Err(corrupt) => {
                    taken.push((job, None));
                    quarantine(self.tx, self.now.wall, None, &corrupt, &mut dead)?;
                }
            }
        }
        let changed = meant.len();
        self.take_out(&taken)?;
        match verb {
            ChangeVerb::Clear | ChangeVerb::Discard => {
                self.delete(meant)?;
                self.bury(dead)?;
            }
            ChangeVerb::Kill => {
                self.kill(meant, dead)?;
            }
            // What writes jobs anew has taken place by now.
            ChangeVerb::Requeue
            | ChangeVerb::RetryCarefully(_)
            | ChangeVerb::Move(_)
            | ChangeVerb::Edit(_)
            | ChangeVerb::Restore => {
                let mut records: Vec<_> = meant.into_iter().map(|(_, record)| record).collect();
                lift_expiries(&mut records, self.now.wall);
                self.enqueue_again(&records.iter().collect::<Vec<_>>(), Cause::Operator)?;
                self.bury(dead)?;
            }
        }
        Ok(changed)
    }

    /// Writes jobs of a queue or a set anew; tells how many. Those of a queue go to the tail of theirs; those of a set stay
    /// there until their time, unless they are to be enqueued. One of which `rewrite` makes none, or that cannot be read, is
    /// left as it is.
    fn rewrite_waiting(
        &mut self,
        jobs: Vec<(JobRef, StoredJob)>,
        enqueue: bool,
        rewrite: impl Fn(JobRecord) -> Option<JobRecord>,
    ) -> Result<usize, StoreError> {
        let mut sets: BTreeMap<SetName, Vec<_>> = BTreeMap::new();
        let (mut taken, mut enqueued) = (Vec::new(), Vec::new());
        for (job, stored) in jobs {
            let Ok(record) = stored else { continue };
            let failure = record.failure;
            let Some(record) = rewrite(record) else {
                continue;
            };
            taken.push((job, failure));
            match job {
                JobRef::Entry(key) if !enqueue => {
                    sets.entry(key.set).or_default().push((key.at, record));
                }
                _ => enqueued.push(record),
            }
        }
        self.take_out(&taken)?;
        for (set, entries) in sets {
            self.put_into(set, entries)?;
        }
        if enqueue {
            lift_expiries(&mut enqueued, self.now.wall);
        }
        self.enqueue_again(&enqueued.iter().collect::<Vec<_>>(), Cause::Operator)?;
        Ok(taken.len())
    }

    /// Takes jobs from their workers; tells how many. One that cannot be read is left to its worker.
    fn change_working(
        &mut self,
        verb: &ChangeVerb,
        jobs: Vec<(JobRef, StoredJob)>,
    ) -> Result<usize, StoreError> {
        let (mut keys, mut records) = (Vec::new(), Vec::new());
        for (job, stored) in jobs {
            if let (JobRef::Job(key), Ok(record)) = (job, stored) {
                keys.push(key);
                records.push(record);
            }
        }
        if keys.is_empty() {
            return Ok(0);
        }
        if *verb == ChangeVerb::Requeue {
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
        if *verb == ChangeVerb::Requeue {
            self.requeue_held(held, Cause::Operator)?;
            return Ok(keys.len());
        }
        let lost = held
            .iter()
            .map(|held| tombstones::key_of(&held.reservation));
        let lost: Vec<_> = lost.collect();
        self.void_executions(&keys)?;
        let taken = held.into_iter().filter_map(|held| held.job?.ok());
        let taken = taken.map(|record| (Home::Queue, record)).collect();
        let first = match verb {
            ChangeVerb::Kill => self.kill(taken, Vec::new())?,
            _ => self.delete(taken)?,
        };
        tombstones::put_of_taken(self.tx, self.now.steady, lost, first)?;
        Ok(keys.len())
    }
}

/// Where a job is that waits.
fn home_of(job: JobRef) -> Home {
    match job {
        JobRef::Job(_) => Home::Queue,
        JobRef::Entry(EntryKey { set, at, .. }) => Home::Set(set, at),
    }
}

/// Who has these jobs.
fn reservations_of<T: Tx>(
    tx: &mut T,
    jobs: &[(JobRef, StoredJob)],
) -> Result<BTreeMap<JobRef, Reservation>, StoreError> {
    let keys = jobs.iter().filter_map(|(key, _)| match key {
        JobRef::Job(key) => Some(*key),
        JobRef::Entry(_) => None,
    });
    let keys: Vec<JobKey> = keys.collect();
    let reservations = tx.reservations(ReservationsOf::Keys(&keys))?;
    let by_key = reservations
        .into_iter()
        .map(|reservation| (JobRef::Job(reservation.key), reservation));
    Ok(by_key.collect())
}

/// The job as one of another queue. None if it belongs to it already, or cannot be read.
fn moved(record: JobRecord, queue: &str) -> Option<JobRecord> {
    if *record.queue == *queue {
        return None;
    }
    let mut job = Job::parse_stored(&record.body).ok()?;
    job.queue = queue.to_owned();
    let rendered = job.render();
    Some(JobRecord {
        queue: queue.into(),
        body: rendered.body,
        enqueued_at_index: rendered.enqueued_at_index,
        ..record
    })
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
        tracing::debug!(
            jid,
            queue,
            jobtype,
            "an expired job is requeued by an operator"
        );
        lifted += 1;
    }
    if lifted > 0 {
        tracing::info!(
            jobs = lifted,
            "jobs that an operator requeues have expired: their expiry is lifted, so that they are run"
        );
    }
}
