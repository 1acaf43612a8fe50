//! BATCH: jobs that belong together, and what is to happen when all of them are done.

use rand::Rng;
use workmill_proto::{Bid, WireError};
use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::{BatchOp, NewBatch, Ticket};
use crate::outcome::{BatchReport, Outcome};

/// How many bits of a batch's id are random.
const CHECK_BITS: u32 = 40;

impl<T: Tx> Group<'_, T> {
    /// BATCH NEW, OPEN, COMMIT, STATUS, CHILD.
    pub(crate) fn batch(&mut self, ticket: Ticket, op: &BatchOp) -> Result<(), StoreError> {
        let named = match op {
            BatchOp::New(new) => [new.parent, None],
            BatchOp::Open(bid) | BatchOp::Commit(bid) | BatchOp::Status(bid) => [Some(*bid), None],
            BatchOp::Child { parent, child } => [Some(*parent), Some(*child)],
        };
        for bid in named.into_iter().flatten() {
            if self.batches.state(self.tx, bid)?.is_none() {
                self.answer(ticket, unknown(bid));
                return Ok(());
            }
        }
        let outcome = match op {
            BatchOp::New(new) => self.make_batch(new)?,
            BatchOp::Open(bid) => Outcome::Bid(*bid),
            BatchOp::Commit(bid) => {
                self.batches.commit(self.tx, self.steady, *bid)?;
                self.queue_callbacks()?;
                Outcome::Ok
            }
            BatchOp::Status(bid) => self.batch_status(*bid)?,
            BatchOp::Child { parent, child } => self.adopt(*parent, *child)?,
        };
        self.answer(ticket, outcome);
        Ok(())
    }

    fn make_batch(&mut self, new: &NewBatch) -> Result<Outcome, StoreError> {
        if let Some(parent) = new.parent
            && let Some(refusal) = self.batches.refuse_child(self.tx, parent)?
        {
            return Ok(Outcome::Refused(refusal));
        }
        let check = self.rng.random_range(0..1_u64 << CHECK_BITS);
        let now = self.now();
        let made = self.batches.make(self.tx, now, self.rules, new, check)?;
        Ok(Outcome::Bid(made))
    }

    fn batch_status(&mut self, bid: Bid) -> Result<Outcome, StoreError> {
        let state = self.batches.state(self.tx, bid)?;
        let details = self.batches.details(self.tx, bid)?;
        let (Some(state), Some(details)) = (state, details) else {
            return Ok(unknown(bid));
        };
        Ok(Outcome::Batch(Box::new(BatchReport {
            bid,
            parent: self.batches.first_parent(self.tx, bid.id)?,
            details,
            state,
        })))
    }

    /// Makes one batch wait for another.
    fn adopt(&mut self, parent: Bid, child: Bid) -> Result<Outcome, StoreError> {
        if let Some(refusal) = self.batches.refuse_parent(self.tx, parent, child)? {
            return Ok(Outcome::Refused(refusal));
        }
        self.batches
            .link(self.tx, self.steady, parent.id, child.id)?;
        Ok(Outcome::Ok)
    }
}

fn unknown(bid: Bid) -> Outcome {
    Outcome::Refused(WireError::no_such_batch(&bid.to_string()))
}
