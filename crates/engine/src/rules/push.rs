//! PUSH and PUSHB: a job for now goes to the tail of its queue, a job for later into the scheduled set.

use std::sync::Arc;

use workmill_proto::{RefusedJob, SetName, WireError};
use workmill_store::{JobRecord, QueueStanding, SetTime, StoreError, Tx};

use crate::group::Group;
use crate::limits::{PUSH_SLICE_BYTES, PUSH_SLICE_JOBS, TOLD_MAX};
use crate::new_job::NewJob;
use crate::op::{BulkPush, Op, Request, Ticket};
use crate::outcome::Outcome;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// A run of PUSHes.
    pub(crate) fn push(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let jobs: Vec<&NewJob> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Push(job) => Some(job.as_ref()),
                _ => None,
            })
            .collect();
        let refusals = self.admit(&jobs, Cause::Client)?;
        for (request, refusal) in run.iter().zip(refusals) {
            let outcome = refusal.map_or(Outcome::Ok, Outcome::Refused);
            self.answers.give(request.ticket, outcome);
        }
        Ok(())
    }

    /// A slice of a PUSHB. Each job stands for itself; the answer comes when all are in.
    pub(crate) fn push_bulk(&mut self, ticket: Ticket, bulk: &BulkPush) -> Result<(), StoreError> {
        let mut jobs: Vec<&NewJob> = Vec::new();
        let mut refused = bulk.refused.clone();
        let mut next_index = bulk.next_index;
        let mut bytes = 0;
        for item in bulk.jobs.iter().skip(bulk.next_index).take(PUSH_SLICE_JOBS) {
            if bytes > PUSH_SLICE_BYTES {
                break;
            }
            match item {
                Ok(job) => {
                    bytes += job.record.body.len();
                    jobs.push(job);
                }
                Err(RefusedJob { jid, error }) => refused.push((jid.clone(), error.clone())),
            }
            next_index += 1;
        }
        let refusals = self.admit(&jobs, Cause::Client)?;
        for (job, refusal) in jobs.iter().zip(refusals) {
            refused.extend(refusal.map(|error| (job.record.jid.to_string(), error)));
        }
        if next_index < bulk.jobs.len() {
            let rest = BulkPush {
                jobs: Arc::clone(&bulk.jobs),
                next_index,
                refused,
            };
            self.answers
                .continue_in_next_group(ticket, Op::PushBulk(rest));
        } else {
            self.answers.give(ticket, Outcome::Refusals(refused));
        }
        Ok(())
    }

    /// Takes jobs in, each by itself; tells for each whether it was refused. A job for later is refused now if
    /// its queue could not be made now: later nobody is there to be told.
    pub(super) fn admit(
        &mut self,
        jobs: &[&NewJob],
        cause: Cause,
    ) -> Result<Vec<Option<WireError>>, StoreError> {
        let checked = self.check_pushed(jobs)?;
        let mut for_now: Vec<&JobRecord> = Vec::with_capacity(jobs.len());
        let mut for_later = Vec::new();
        for (job, record) in jobs.iter().zip(&checked) {
            let Ok(record) = record else { continue };
            self.step(What::Pushed, cause, record, None)?;
            match job.at {
                Some(at) if at > self.now.wall => {
                    for_later.push((SetTime::scheduled(at), JobRecord::clone(record)));
                }
                _ => for_now.push(record),
            }
        }
        self.enqueue(&for_now)?;
        if !for_later.is_empty() {
            self.tx.insert_entries(SetName::Scheduled, &for_later)?;
        }
        Ok(checked.into_iter().map(Result::err).collect())
    }

    /// Puts jobs that were taken in before into their queues again. One whose queue is gone and cannot be made
    /// any more is buried: it must not hold up the others.
    pub(crate) fn enqueue_again(
        &mut self,
        jobs: &[&JobRecord],
        cause: Cause,
    ) -> Result<(), StoreError> {
        let queues: Vec<&str> = jobs.iter().map(|job| &*job.queue).collect();
        let standings = self.tx.queue_standings(&queues)?;
        self.prefetch(jobs.iter().copied())?;
        let mut accepted = Vec::with_capacity(jobs.len());
        let mut dead = Vec::new();
        for (&job, standing) in jobs.iter().zip(standings) {
            if standing == QueueStanding::Refused {
                if dead.len() < TOLD_MAX {
                    let (jid, queue) = (&*job.jid, &*job.queue);
                    tracing::error!(jid, queue, "too many queues: the job goes to the dead set");
                }
                let mut record = job.clone();
                self.fail_step(What::Died, Cause::NoRoom, &mut record, None)?;
                dead.push(record);
            } else {
                self.step(What::Promoted, cause, job, None)?;
                accepted.push(job);
            }
        }
        if dead.len() > TOLD_MAX {
            let more = dead.len() - TOLD_MAX;
            tracing::error!("too many queues: {more} more jobs go to the dead set");
        }
        self.bury(dead)?;
        self.enqueue(&accepted)
    }
}
