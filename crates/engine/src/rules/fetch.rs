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
        for request in run {
            let Op::Fetch(fetch) = &request.op else {
                continue;
            };
            if self.draining {
                self.answer(request.ticket, Outcome::Nothing);
            } else if self.hand_out(request.ticket, fetch)? {
                continue;
            } else if self.parked.has_room_for(fetch) {
                self.parked.add(request.ticket, fetch, self.now);
            } else {
                let text =
                    "too many FETCHes wait: let workers list fewer queues, or run fewer of them";
                self.refuse(request.ticket, text);
            }
        }
        Ok(())
    }

    /// Serves the FETCHes that wait for queues that became ready, in order of arrival.
    pub(crate) fn serve_parked(&mut self) -> Result<(), StoreError> {
        while let Some(first) = self.parked.first_on(&self.ready) {
            let (ticket, fetch) = (first.ticket, first.fetch.clone());
            if self.hand_out(ticket, &fetch)? {
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

    /// Reserves a job for a FETCH and answers it, if there is one.
    fn hand_out(&mut self, ticket: Ticket, fetch: &Fetch) -> Result<bool, StoreError> {
        if self.tx.reserved_count()? >= RESERVATIONS_MAX {
            return Ok(false);
        }
        for queue in fetch.queues.iter() {
            while let Some((key, job)) = self.tx.claim(queue, 1)?.pop() {
                match job {
                    Ok(record) => {
                        self.reserve(ticket, key, record, &fetch.wid)?;
                        return Ok(true);
                    }
                    Err(corrupt) => {
                        self.tx.finish(&[key])?;
                        self.bury_corrupt(Some(queue), &corrupt)?;
                    }
                }
            }
        }
        Ok(false)
    }

    fn reserve(
        &mut self,
        ticket: Ticket,
        key: JobKey,
        record: JobRecord,
        wid: &str,
    ) -> Result<(), StoreError> {
        self.tx.reserve(&[Reservation {
            key,
            jid: record.jid,
            wid: wid.into(),
            reserved_at: self.now,
            expires_at: self.now.plus_secs(i64::from(record.reserve_for_secs)),
        }])?;
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
        Ok(())
    }
}
