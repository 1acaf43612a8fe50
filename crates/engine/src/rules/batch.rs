//! BATCH: jobs that belong together, and what is to happen when all of them are done.

use rand::Rng;
use workmill_proto::{Bid, WireError};
use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::BatchOp;
use crate::outcome::Outcome;

/// How many bits of a batch's id are random.
const CHECK_BITS: u32 = 40;

impl<T: Tx> Group<'_, T> {
    /// BATCH NEW, OPEN, COMMIT, STATUS, CHILD.
    pub(crate) fn batch(&mut self, op: &BatchOp) -> Result<Outcome, StoreError> {
        let named = match op {
            BatchOp::New(new) => [new.parent, None],
            BatchOp::Open(bid) | BatchOp::Commit(bid) | BatchOp::Status(bid) => [Some(*bid), None],
            BatchOp::Child { parent, child } => [Some(*parent), Some(*child)],
        };
        for bid in named.into_iter().flatten() {
            if self.batches.state(self.tx, bid)?.is_none() {
                return Ok(unknown(bid));
            }
        }
        Ok(match op {
            BatchOp::New(new) => {
                let check = self.rng.random_range(0..1_u64 << CHECK_BITS);
                let made = self
                    .batches
                    .make(self.tx, self.now, self.rules, new, check)?;
                made.map_or_else(Outcome::Refused, Outcome::Bid)
            }
            BatchOp::Open(bid) => Outcome::Bid(*bid),
            BatchOp::Commit(bid) => {
                self.batches.commit(self.tx, self.now.steady, *bid)?;
                self.queue_callbacks()?;
                Outcome::Ok
            }
            BatchOp::Status(bid) => match self.batches.report(self.tx, *bid)? {
                Some(report) => Outcome::Batch(Box::new(report)),
                None => unknown(*bid),
            },
            BatchOp::Child { parent, child } => {
                match self
                    .batches
                    .adopt(self.tx, self.now.steady, *parent, *child)?
                {
                    Some(refusal) => Outcome::Refused(refusal),
                    None => Outcome::Ok,
                }
            }
        })
    }
}

fn unknown(bid: Bid) -> Outcome {
    Outcome::Refused(WireError::no_such_batch(&bid.to_string()))
}
