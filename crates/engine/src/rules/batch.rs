//! BATCH: jobs that belong together, and what is to happen when all of them are done.

use std::collections::BTreeSet;

use rand::Rng;
use workmill_proto::{Bid, WireError};
use workmill_store::{BatchCallbacks, BatchDetails, BatchState, CallbackState, StoreError, Tx};

use crate::group::Group;
use crate::limits::{BATCH_ANCESTORS_MAX, BATCH_PARENTS_MAX};
use crate::op::{BatchOp, NewBatch, Ticket};
use crate::outcome::{BatchReport, Outcome};

/// How many bits of a batch's id are random.
const CHECK_BITS: u32 = 40;

impl<T: Tx> Group<'_, T> {
    /// BATCH NEW, OPEN, COMMIT, STATUS, CHILD.
    pub(crate) fn batch(&mut self, ticket: Ticket, op: &BatchOp) -> Result<(), StoreError> {
        let outcome = match op {
            BatchOp::New(new) => self.make_batch(new)?,
            BatchOp::Open(bid) => match self.batch_state(*bid)? {
                Some(_) => Outcome::Bid(*bid),
                None => unknown(*bid),
            },
            BatchOp::Commit(bid) => self.commit_batch(*bid)?,
            BatchOp::Status(bid) => self.batch_status(*bid)?,
            BatchOp::Child { parent, child } => self.adopt(*parent, *child)?,
        };
        self.answer(ticket, outcome);
        Ok(())
    }

    fn make_batch(&mut self, new: &NewBatch) -> Result<Outcome, StoreError> {
        if let Some(parent) = new.parent {
            if self.batch_state(parent)?.is_none() {
                return Ok(unknown(parent));
            }
            if self.ancestors(parent)?.is_none() {
                return Ok(Outcome::Refused(too_deep(parent)));
            }
        }
        let waiting = |payload: &Option<Vec<u8>>| match payload {
            Some(_) => CallbackState::Waiting,
            None => CallbackState::Absent,
        };
        let check = self.rng.random_range(0..1_u64 << CHECK_BITS);
        let state = BatchState {
            complete: waiting(&new.complete),
            success: waiting(&new.success),
            ..BatchState::new(check, self.steady)
        };
        let details = BatchDetails {
            description: new.description.clone(),
            created_at: self.wall,
        };
        let callbacks = BatchCallbacks {
            complete: new.complete.as_deref(),
            success: new.success.as_deref(),
        };
        let id = self.tx.insert_batch(&details, callbacks, &state)?;
        // What was known of this number, if anything, is no more so.
        self.batches.forget(id);
        let ends_at = self.batch_ends_at(&state);
        self.tx.note_batches_due(&[(id, ends_at)])?;
        if let Some(parent) = new.parent {
            self.link(parent.id, id)?;
        }
        Ok(Outcome::Bid(Bid { id, check }))
    }

    fn commit_batch(&mut self, bid: Bid) -> Result<Outcome, StoreError> {
        if self.batch_state(bid)?.is_none() {
            return Ok(unknown(bid));
        }
        self.change_batch(bid.id, |state| state.committed = true)?;
        self.advance(bid.id)?;
        Ok(Outcome::Ok)
    }

    fn batch_status(&mut self, bid: Bid) -> Result<Outcome, StoreError> {
        let state = self.batch_state(bid)?;
        let details = self.tx.batch_details(bid.id)?;
        let (Some(state), Some(details)) = (state, details) else {
            return Ok(unknown(bid));
        };
        Ok(Outcome::Batch(Box::new(BatchReport {
            bid,
            parent: self.first_parent(bid.id)?,
            details,
            state,
        })))
    }

    /// Makes one batch wait for another. To say it twice is to say it once.
    fn adopt(&mut self, parent: Bid, child: Bid) -> Result<Outcome, StoreError> {
        for bid in [parent, child] {
            if self.batch_state(bid)?.is_none() {
                return Ok(unknown(bid));
            }
        }
        if let Some(refusal) = self.refuse_parent(parent, child)? {
            return Ok(Outcome::Refused(refusal));
        }
        self.link(parent.id, child.id)?;
        Ok(Outcome::Ok)
    }

    /// Why a batch may not become the parent of another, if it may not.
    fn refuse_parent(&mut self, parent: Bid, child: Bid) -> Result<Option<WireError>, StoreError> {
        let parents = self.tx.batch_parents(child.id)?;
        if !parents.contains(&parent.id) && parents.len() >= BATCH_PARENTS_MAX {
            return Ok(Some(WireError::err(format!(
                "batch {child} has {BATCH_PARENTS_MAX} parents already"
            ))));
        }
        Ok(match self.ancestors(parent)? {
            None => Some(too_deep(parent)),
            Some(ancestors) if ancestors.contains(&child.id) => Some(WireError::err(format!(
                "batch {parent} is batch {child}, or batch {child} waits for it: they would wait for each other"
            ))),
            Some(_) => None,
        })
    }

    /// A batch and all that wait for it; none if these are too many.
    fn ancestors(&mut self, bid: Bid) -> Result<Option<BTreeSet<u64>>, StoreError> {
        let mut ancestors = BTreeSet::from([bid.id]);
        let mut unseen = vec![bid.id];
        while let Some(id) = unseen.pop() {
            for above in self.tx.batch_parents(id)? {
                if ancestors.insert(above) {
                    unseen.push(above);
                }
            }
            if ancestors.len() > BATCH_ANCESTORS_MAX {
                return Ok(None);
            }
        }
        Ok(Some(ancestors))
    }

    fn link(&mut self, parent: u64, child: u64) -> Result<(), StoreError> {
        let Some(state) = self.batches.get(self.tx, child)? else {
            return Ok(());
        };
        if !self.tx.link_batches(child, parent)? {
            return Ok(());
        }
        self.change_batch(parent, |parent| {
            parent.children_incomplete += u64::from(!state.completed);
            parent.children_unsuccessful += u64::from(!state.succeeded);
        })
    }

    /// The state of a batch. None if there is none, or only another with the same number.
    pub(super) fn batch_state(&mut self, bid: Bid) -> Result<Option<BatchState>, StoreError> {
        let state = self.batches.get(self.tx, bid.id)?;
        Ok(state.filter(|state| state.check == bid.check))
    }

    /// The first of the batches that wait for this one.
    pub(super) fn first_parent(&mut self, id: u64) -> Result<Option<Bid>, StoreError> {
        for parent in self.tx.batch_parents(id)? {
            if let Some(state) = self.batches.get(self.tx, parent)? {
                let check = state.check;
                return Ok(Some(Bid { id: parent, check }));
            }
        }
        Ok(None)
    }
}

fn too_deep(parent: Bid) -> WireError {
    WireError::err(format!(
        "batch {parent} has {BATCH_ANCESTORS_MAX} batches above it: nest them less deeply"
    ))
}

fn unknown(bid: Bid) -> Outcome {
    Outcome::Refused(WireError::no_such_batch(&bid.to_string()))
}
