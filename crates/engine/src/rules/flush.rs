//! FLUSH: everything is forgotten. FETCHes that wait go on waiting.

use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::Ticket;
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn flush(&mut self, ticket: Ticket) -> Result<(), StoreError> {
        self.meters.clear();
        self.ready.clear();
        self.locks.clear();
        self.batches.clear();
        self.tracks.clear();
        self.memory.makers.forget_all();
        self.tx.flush()?;
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }
}
