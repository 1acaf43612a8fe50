//! ACK: the job is done and forgotten.

use std::collections::BTreeSet;

use workmill_store::{StoreError, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::op::{Op, Request};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A run of ACKs. An unknown job is acknowledged too, as in Faktory: its worker has nothing more to do.
    pub(crate) fn ack(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let jids: BTreeSet<&str> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Ack(ack) => Some(ack.jid.as_str()),
                _ => None,
            })
            .collect();
        let jids: Vec<&str> = jids.into_iter().collect();
        let mut holdings = Holdings::read(self.tx, &jids)?;
        let mut done = Vec::with_capacity(run.len());
        for request in run {
            let Op::Ack(ack) = &request.op else { continue };
            if let Some(reservation) = holdings.take(self.tx, &ack.jid, &ack.wid)? {
                done.push(reservation.key);
                self.count_execution(false);
            }
            self.answer(request.ticket, Outcome::Ok);
        }
        if !done.is_empty() {
            self.tx.finish(&done)?;
        }
        Ok(())
    }
}
