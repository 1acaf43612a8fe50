//! FETCH: the left-most queue that has something gives its oldest job; with nothing there, the FETCH waits.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use workmill_proto::Timestamp;
use workmill_store::{JobKey, JobRecord, Place, Reservation, StoreError, Tx};

use super::corrupt::quarantine;
use crate::answers::Answers;
use crate::features::Allowance;
use crate::group::Group;
use crate::limits::{RESERVATIONS_MAX, RESERVATIONS_OF_ONE_MAX};
use crate::op::{DeliveryTag, Fetch, Op, Request, Ticket};
use crate::outcome::{FetchedJob, Outcome};
use crate::step::{Cause, Execution, What};

/// How a queue was left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum QueueStatus {
    /// It has nothing for anybody now.
    Exhausted,
    /// It may have something for other workers than those that ask.
    WorkersFull,
    /// The queue has not been looked at to its end: the next group goes on with it.
    Later,
}

impl<T: Tx> Group<'_, T> {
    /// A run of FETCHes. Whoever waited before is served before.
    pub(crate) fn fetch(&mut self, run: &[Request]) -> Result<(), StoreError> {
        self.serve_parked()?;
        let mut fetches: Vec<(Ticket, &Fetch)> = Vec::with_capacity(run.len());
        for Request { ticket, op } in run {
            match op {
                Op::Fetch(fetch) if self.draining.contains(&fetch.server) => {
                    self.answers.give(*ticket, Outcome::Nothing);
                }
                Op::Fetch(fetch) => fetches.push((*ticket, fetch)),
                _ => {}
            }
        }
        // Workers mostly list the same queues: their jobs are claimed at once.
        for alike in fetches.chunk_by(|(_, fetch), (_, next)| fetch.queues == next.queues) {
            let mut waiting = alike.to_vec();
            self.hand_out(&mut waiting)?;
            for (ticket, fetch) in waiting {
                if let Err(error) = self.memory.parked.add(ticket, fetch, self.now.steady) {
                    self.answers.give(ticket, Outcome::Refused(error));
                }
            }
        }
        Ok(())
    }

    /// Serves the FETCHes that wait for queues that became ready, in order of arrival.
    pub(crate) fn serve_parked(&mut self) -> Result<(), StoreError> {
        // Serving can make queues ready: a batch may have waited for nothing but a job that is dropped as expired.
        loop {
            let mut ready = self.memory.parked.take_ready();
            if ready.is_empty() {
                return Ok(());
            }
            let mut from = 0;
            while let Some((arrival, first)) = self.memory.parked.first_on(&ready, from) {
                let (ticket, fetch) = (first.ticket, first.fetch.clone());
                let mut waiting = vec![(ticket, &fetch)];
                for queue in self.hand_out(&mut waiting)? {
                    ready.remove(queue);
                }
                if waiting.is_empty() {
                    self.memory.parked.remove(ticket);
                }
                from = arrival + 1;
            }
        }
    }

    /// Reserves jobs for FETCHes that list the same queues and answers those that get one; the others are left in
    /// `waiting`. Returns the queues that have nothing more for anybody in this group.
    fn hand_out<'q>(
        &mut self,
        waiting: &mut Vec<(Ticket, &'q Fetch)>,
    ) -> Result<Vec<&'q String>, StoreError> {
        let mut done_with = Vec::new();
        refuse_above_share(self.tx, &mut self.answers, waiting)?;
        let Some((_, Fetch { queues, .. })) = waiting.first() else {
            return Ok(done_with);
        };
        let room = RESERVATIONS_MAX.saturating_sub(self.tx.size(&Place::Working)?);
        let mut room = usize::try_from(room).unwrap_or(usize::MAX);
        for queue in queues.iter() {
            let before = waiting.len();
            let status = match self.rules.throttles.contains_key(queue) {
                true => self.hand_out_throttled(queue, waiting, room)?,
                false => self.hand_out_from(queue, waiting, room)?,
            };
            room -= before - waiting.len();
            if waiting.is_empty() || room == 0 {
                break;
            }
            if status != QueueStatus::WorkersFull {
                done_with.push(queue);
            }
            if status == QueueStatus::Later {
                break;
            }
        }
        Ok(done_with)
    }

    /// Gives jobs of a queue without limits to the first FETCHes that wait.
    fn hand_out_from(
        &mut self,
        queue: &str,
        waiting: &mut Vec<(Ticket, &Fetch)>,
        room: usize,
    ) -> Result<QueueStatus, StoreError> {
        let (jobs, status) = self.claim_usable(queue, waiting.len().min(room))?;
        let mut reservations = Vec::with_capacity(jobs.len());
        let served = waiting.drain(..jobs.len().min(waiting.len()));
        for ((ticket, fetch), (key, record)) in served.zip(jobs) {
            reservations.push(self.hand_over(ticket, fetch, key, record)?);
        }
        if !reservations.is_empty() {
            self.tx.reserve(&reservations)?;
        }
        Ok(status)
    }

    /// Gives jobs of a queue with limits to those FETCHes that may have one, one by one.
    fn hand_out_throttled(
        &mut self,
        queue: &str,
        waiting: &mut Vec<(Ticket, &Fetch)>,
        room: usize,
    ) -> Result<QueueStatus, StoreError> {
        let (mut index, mut left) = (0, room);
        while left > 0
            && let Some((ticket, fetch)) = waiting.get(index).copied()
        {
            let asked = (queue, fetch);
            let (slots, rechecks) = (&mut self.memory.slots, &mut self.memory.rechecks);
            match slots.allowance(self.tx, self.now.steady, self.rules, rechecks, asked)? {
                Allowance::QueueFull => return Ok(QueueStatus::Exhausted),
                Allowance::WorkerFull => {
                    index += 1;
                    continue;
                }
                Allowance::Granted => {}
            }
            let (jobs, status) = self.claim_usable(queue, 1)?;
            let Some((key, record)) = jobs.into_iter().next() else {
                return Ok(status);
            };
            let reservation = self.hand_over(ticket, fetch, key, record)?;
            self.tx.reserve(&[reservation])?;
            waiting.remove(index);
            left -= 1;
        }
        Ok(match index {
            0 => QueueStatus::Exhausted,
            _ => QueueStatus::WorkersFull,
        })
    }

    /// Claims up to `limit` jobs that can be handed out, as long as their payloads are not too large for one group. What
    /// cannot is passed over, up to what one group may. Then a queue is still looked at until the first such job: those
    /// of one queue must not hold up all others.
    fn claim_usable(
        &mut self,
        queue: &str,
        limit: usize,
    ) -> Result<(Vec<(JobKey, JobRecord)>, QueueStatus), StoreError> {
        let mut usable = Vec::with_capacity(limit);
        while usable.len() < limit {
            if !self.budget.may_deliver() {
                self.memory.rechecks.add(queue, self.now.steady);
                return Ok((usable, QueueStatus::Later));
            }
            let goes_on = self.budget.may_pass_over();
            let wanted = match goes_on {
                true => limit - usable.len(),
                false => 1,
            };
            let claimed = self.tx.claim(queue, wanted)?;
            if claimed.is_empty() {
                break;
            }
            let usable_before = usable.len();
            let (mut passed_over, mut dead) = (Vec::new(), Vec::new());
            for (key, job) in claimed {
                match job {
                    Ok(record) if has_expired(&record, self.now.wall) => {
                        passed_over.push(key);
                        let (jid, queue, jobtype) =
                            (&*record.jid, &*record.queue, &*record.jobtype);
                        tracing::debug!(jid, queue, jobtype, "a job has expired: it is dropped");
                        self.step(What::Expired, Cause::Time, &record, None)?;
                    }
                    Ok(record) => {
                        self.budget.note_delivery(record.body.len());
                        usable.push((key, record));
                    }
                    Err(corrupt) => {
                        passed_over.push(key);
                        quarantine(self.tx, self.now.wall, Some(queue), &corrupt, &mut dead)?;
                    }
                }
            }
            if !passed_over.is_empty() {
                self.budget.note_unusable(passed_over.len());
                self.tx.finish(&passed_over)?;
            }
            self.bury(dead)?;
            if !goes_on && usable.len() == usable_before {
                self.memory.rechecks.add(queue, self.now.steady);
                return Ok((usable, QueueStatus::Later));
            }
        }
        Ok((usable, QueueStatus::Exhausted))
    }

    /// Answers a FETCH with a job; returns the reservation to be made.
    fn hand_over(
        &mut self,
        ticket: Ticket,
        fetch: &Fetch,
        key: JobKey,
        mut record: JobRecord,
    ) -> Result<Reservation, StoreError> {
        let execution = Execution {
            wid: &fetch.wid,
            since: self.now.steady,
        };
        self.step(What::Started, Cause::Client, &record, Some(execution))?;
        let series = self.note_started(&record);
        let tag = DeliveryTag {
            key,
            reserved_at: self.now.steady,
        };
        let fetched = FetchedJob::take(tag, &mut record, self.now.wall);
        self.answers.give(ticket, Outcome::Job(Box::new(fetched)));
        Ok(Reservation {
            key,
            jid: record.jid,
            wid: (&*fetch.wid).into(),
            reserved_at: self.now.steady,
            expires_at: self
                .now
                .steady
                .plus_secs(i64::from(record.reserve_for_secs)),
            has_features: record.features.is_some(),
            connection: fetch.connection,
            series: series.number(),
        })
    }
}

/// Refuses those FETCHes whose worker, or connection, would hold more jobs than one may.
fn refuse_above_share<T: Tx>(
    tx: &mut T,
    answers: &mut Answers,
    waiting: &mut Vec<(Ticket, &Fetch)>,
) -> Result<(), StoreError> {
    if tx.size(&Place::Working)? + waiting.len() as u64 <= RESERVATIONS_OF_ONE_MAX {
        return Ok(());
    }
    let mut held: BTreeMap<(&str, u64), u64> = BTreeMap::new();
    for (ticket, fetch) in std::mem::take(waiting) {
        let holder = (&*fetch.wid, fetch.connection);
        let count = match held.entry(holder) {
            Entry::Occupied(count) => count.into_mut(),
            Entry::Vacant(count) => count.insert(tx.reserved_by(holder.0, holder.1)?),
        };
        *count += 1;
        if *count <= RESERVATIONS_OF_ONE_MAX {
            waiting.push((ticket, fetch));
        } else {
            answers.refuse(
                ticket,
                format!(
                    "this worker holds {RESERVATIONS_OF_ONE_MAX} jobs, as many as one may: ACK or FAIL some first"
                ),
            );
        }
    }
    Ok(())
}

/// Whether a job has lost its point: it is not handed out any more.
pub(super) fn has_expired(record: &JobRecord, now: Timestamp) -> bool {
    let features = record.features.as_ref();
    let expires_at = features.and_then(|features| features.expires_at);
    expires_at.is_some_and(|at| at <= now)
}
