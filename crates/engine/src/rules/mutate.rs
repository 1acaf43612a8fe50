//! MUTATE: an operator's hand on the sets. It acts on what matched when it started, in slices; each job
//! moves atomically.

use workmill_proto::{Mutation, MutationFilter, MutationVerb, compact_json};
use workmill_store::{Entry, Features, JobRecord, SetTime, StoreError, Tx};

use crate::group::Group;
use crate::limits::MUTATE_SLICE_JOBS;
use crate::op::{Mutate, MutateProgress, Op, Ticket};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A slice of a MUTATE; the answer comes after the last one.
    pub(crate) fn mutate(&mut self, ticket: Ticket, mutate: &Mutate) -> Result<(), StoreError> {
        let mutation = mutate.mutation.as_ref();
        if mutation
            .filter
            .as_ref()
            .is_some_and(MutationFilter::matches_nothing)
        {
            self.answer(ticket, Outcome::Ok);
            return Ok(());
        }
        if empties_the_set(mutation) {
            self.tx.clear_set(mutation.target)?;
            self.answer(ticket, Outcome::Ok);
            return Ok(());
        }
        let progress = match mutate.progress {
            Some(progress) => progress,
            None => MutateProgress {
                after: None,
                last_serial: self.tx.last_serial()?,
            },
        };
        let entries = self.tx.entries(
            mutation.target,
            progress.after,
            SetTime::MAX,
            MUTATE_SLICE_JOBS,
        )?;
        let Some(last) = entries.last() else {
            self.answer(ticket, Outcome::Ok);
            return Ok(());
        };
        let after = Some(last.key);
        self.mutate_entries(mutation, progress.last_serial, entries)?;
        let rest = Mutate {
            mutation: mutate.mutation.clone(),
            progress: Some(MutateProgress { after, ..progress }),
        };
        self.continue_in_next_group(ticket, Op::Mutate(rest));
        Ok(())
    }

    fn mutate_entries(
        &mut self,
        mutation: &Mutation,
        last_serial: i64,
        entries: Vec<Entry>,
    ) -> Result<(), StoreError> {
        let mut keys = Vec::new();
        let mut records = Vec::new();
        let mut dead = Vec::new();
        for entry in entries
            .into_iter()
            .filter(|entry| entry.key.serial <= last_serial)
        {
            match entry.job {
                Ok(record) if matches(mutation.filter.as_ref(), &record) => {
                    keys.push(entry.key);
                    records.push(record);
                }
                Ok(_) => {}
                Err(corrupt) => {
                    keys.push(entry.key);
                    self.quarantine(None, &corrupt, &mut dead)?;
                }
            }
        }
        if keys.is_empty() {
            return Ok(());
        }
        self.tx.remove_entries(&keys)?;
        match mutation.verb {
            MutationVerb::Clear | MutationVerb::Discard => {
                records.iter().try_for_each(|record| self.deleted(record))?;
            }
            MutationVerb::Requeue => {
                self.lift_expiries(&mut records);
                self.enqueue_again(&records.iter().collect::<Vec<_>>())?;
            }
            MutationVerb::Kill => {
                for record in &mut records {
                    self.died(record)?;
                }
                dead.append(&mut records);
            }
        }
        self.bury(dead)
    }

    /// An operator who requeues jobs wants them run: those that have expired do not expire any more.
    fn lift_expiries(&self, records: &mut [JobRecord]) {
        let mut lifted = 0_usize;
        for record in records.iter_mut().filter(|record| self.has_expired(record)) {
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

/// `clear` has no filter here; `discard` of everything is the same thing.
fn empties_the_set(mutation: &Mutation) -> bool {
    match mutation.verb {
        MutationVerb::Clear => true,
        MutationVerb::Discard => mutation.filter.is_none(),
        MutationVerb::Kill | MutationVerb::Requeue => false,
    }
}

fn matches(filter: Option<&MutationFilter>, record: &JobRecord) -> bool {
    match filter {
        None => true,
        Some(MutationFilter::Jids(jids)) => jids.contains(&*record.jid),
        Some(MutationFilter::Jobtype(jobtype)) => *jobtype == *record.jobtype,
        Some(MutationFilter::Glob { glob, jobtype }) => {
            jobtype
                .as_ref()
                .is_none_or(|jobtype| **jobtype == *record.jobtype)
                && glob.matches(&compact_json(&record.body))
        }
    }
}
