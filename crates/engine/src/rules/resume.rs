//! Operations outlive the server: what one is, and how far it is, is written with its first slice and each later one, and the
//! next server goes on with it.
//!
//! A MUTATE of a client is not gone on with: its client has no answer, and asks again.

use workmill_proto::SteadyTime;
use workmill_store::{OpenAction, StoreError, Tx};

use crate::audit;
use crate::group::Group;
use crate::limits::SWEEP_SLICE_ROWS;
use crate::op::{Op, Ticket};
use crate::outcome::Outcome;
use crate::resumption;

impl<T: Tx> Group<'_, T> {
    /// Goes on with one of the operations of the server before this one, if there is one left.
    pub(super) fn resume(&mut self, ticket: Ticket) -> Result<(), StoreError> {
        let down_since = self.memory.down_since.unwrap_or(self.now.wall);
        let open = self
            .tx
            .due::<OpenAction>(SteadyTime::MAX, SWEEP_SLICE_ROWS)?;
        for action in open {
            if !self.memory.actions.is_orphan(action) || !resumption::is_kept(self.tx, action)? {
                continue;
            }
            let Some((id, noted)) = resumption::noted(self.tx, action)? else {
                audit::interrupt(self.tx, action, down_since)?;
                continue;
            };
            if self.memory.operations.report(id).is_ok() {
                continue;
            }
            let Some(resumed) = resumption::get(self.tx, action, noted)? else {
                audit::interrupt(self.tx, action, down_since)?;
                continue;
            };
            if let Some(rest) = resumed.start(id, &mut self.memory.operations) {
                self.answers
                    .continue_in_next_group(ticket, Op::Mutate(rest));
                return Ok(());
            }
        }
        self.answers.give(ticket, Outcome::Ok);
        Ok(())
    }
}
