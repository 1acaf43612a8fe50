//! REQUEUE: a job that a worker has goes back to the front of its queue, as if it had not been handed out.

use workmill_store::{JobRecord, Release, StoreError, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::op::{Requeue, Ticket};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// REQUEUE. Any connection may ask for it.
    pub(crate) fn requeue(&mut self, ticket: Ticket, requeue: &Requeue) -> Result<(), StoreError> {
        let jid = requeue.jid.as_str();
        let mut holdings = Holdings::read(self.tx, &[jid])?;
        let Some(held) = holdings.take(self.tx, jid, &requeue.wid)? else {
            self.refuse(ticket, format!("there is no reservation for job {jid}"));
            return Ok(());
        };
        match self.tx.working_jobs(&[held.key])?.pop() {
            Some((_, Ok(record))) => {
                self.note_rewritten(record.body.len());
                // Its worker may not know, or ACK what it has requeued: that must not end the next reservation.
                self.put_tombstone(held)?;
                let record = JobRecord {
                    enqueued_at: Some(self.wall),
                    ..record
                };
                self.release(Release {
                    key: held.key,
                    record: Some(record),
                })?;
            }
            Some((_, Err(corrupt))) => {
                self.end_reservations(&[held.key])?;
                self.bury_corrupt(None, &corrupt)?;
            }
            None => {}
        }
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }
}
