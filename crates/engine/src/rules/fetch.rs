//! FETCH: the left-most queue that has something gives its oldest job; with nothing there, the FETCH waits.

use workmill_store::{JobKey, JobRecord, Reservation, StoreError, Tx};

use crate::group::Group;
use crate::limits::RESERVATIONS_MAX;
use crate::op::{Fetch, Handout, Op, Request, Ticket};
use crate::outcome::{FetchedJob, Outcome};

impl<T: Tx> Group<'_, T> {
    /// A run of FETCHes. Whoever waited before is served before.
    pub(crate) fn fetch(&mut self, run: &[Request]) -> Result<(), StoreError> {
        self.serve_parked()?;
        let fetches: Vec<(Ticket, &Fetch)> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Fetch(fetch) => Some((request.ticket, fetch)),
                _ => None,
            })
            .collect();
        // Workers mostly list the same queues: their jobs are claimed at once.
        for alike in fetches.chunk_by(|(_, fetch), (_, next)| fetch.queues == next.queues) {
            let served = match self.draining {
                true => 0,
                false => self.hand_out(alike)?,
            };
            for (ticket, fetch) in alike.iter().skip(served) {
                self.let_wait(*ticket, fetch);
            }
        }
        Ok(())
    }

    /// Parks a FETCH for which there is no job.
    fn let_wait(&mut self, ticket: Ticket, fetch: &Fetch) {
        if self.draining {
            self.answer(ticket, Outcome::Nothing);
        } else if self.parked.has_room_for(fetch) {
            self.parked.add(ticket, fetch, self.now);
        } else {
            let text = "too many FETCHes wait: let workers list fewer queues, or run fewer of them";
            self.refuse(ticket, text);
        }
    }

    /// Serves the FETCHes that wait for queues that became ready, in order of arrival.
    pub(crate) fn serve_parked(&mut self) -> Result<(), StoreError> {
        while let Some(first) = self.parked.first_on(&self.ready) {
            let (ticket, fetch) = (first.ticket, first.fetch.clone());
            if self.hand_out(&[(ticket, &fetch)])? > 0 {
                self.parked.remove(ticket);
            } else {
                for queue in fetch.queues.iter() {
                    self.ready.remove(queue);
                }
            }
        }
        self.ready.clear();
        Ok(())
    }

    /// Forgets a FETCH whose client is gone.
    pub(crate) fn forget(&mut self, ticket: Ticket, waiting: Ticket) -> Result<(), StoreError> {
        if self.parked.remove(waiting) {
            self.answer(waiting, Outcome::Nothing);
        }
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }

    /// Sends everybody away who waits.
    pub(crate) fn drain(&mut self, ticket: Ticket) -> Result<(), StoreError> {
        for waiting in self.parked.remove_due(workmill_proto::Timestamp::MAX) {
            self.answer(waiting, Outcome::Nothing);
        }
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }

    /// Reserves jobs for FETCHes that list the same queues and answers those that get one: the first ones. Tells how
    /// many these are.
    fn hand_out(&mut self, fetches: &[(Ticket, &Fetch)]) -> Result<usize, StoreError> {
        let Some((_, first)) = fetches.first() else {
            return Ok(0);
        };
        let room = RESERVATIONS_MAX.saturating_sub(self.tx.reserved_count()?);
        let wanted = fetches
            .len()
            .min(usize::try_from(room).unwrap_or(usize::MAX));
        let mut reservations = Vec::with_capacity(wanted);
        let mut waiting = fetches.iter();
        for queue in first.queues.iter() {
            while reservations.len() < wanted {
                let claimed = self.tx.claim(queue, wanted - reservations.len())?;
                if claimed.is_empty() {
                    break;
                }
                for (key, job) in claimed {
                    match (job, waiting.as_slice()) {
                        (Ok(record), [(ticket, fetch), rest @ ..]) => {
                            waiting = rest.iter();
                            reservations.push(self.hand_over(*ticket, &fetch.wid, key, record));
                        }
                        (Ok(_), []) => {
                            let text = "more jobs were claimed than were asked for";
                            return Err(StoreError::Statement(text.into()));
                        }
                        (Err(corrupt), _) => {
                            self.tx.finish(&[key])?;
                            self.bury_corrupt(Some(queue), &corrupt)?;
                        }
                    }
                }
            }
        }
        if !reservations.is_empty() {
            self.tx.reserve(&reservations)?;
        }
        Ok(reservations.len())
    }

    /// Answers a FETCH with a job; returns the reservation to be made.
    fn hand_over(
        &mut self,
        ticket: Ticket,
        wid: &str,
        key: JobKey,
        record: JobRecord,
    ) -> Reservation {
        let fetched = FetchedJob {
            handout: Handout {
                key,
                reserved_at: self.now,
            },
            body: record.body,
            enqueued_at_index: record.enqueued_at_index,
            enqueued_at: record.enqueued_at.unwrap_or(self.now),
        };
        self.answer(ticket, Outcome::Job(Box::new(fetched)));
        Reservation {
            key,
            jid: record.jid,
            wid: wid.into(),
            reserved_at: self.now,
            expires_at: self.now.plus_secs(i64::from(record.reserve_for_secs)),
            tied: record.ties.is_some(),
            connection: 0,
        }
    }
}
