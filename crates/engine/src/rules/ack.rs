//! ACK: the job is done and forgotten.

use workmill_store::{StoreError, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::op::{Op, Request};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A run of ACKs. An unknown job is acknowledged too, as in Faktory: its worker has nothing more to do.
    pub(crate) fn ack(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let mut jids: Vec<&str> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Ack(ack) => Some(ack.jid.as_str()),
                _ => None,
            })
            .collect();
        jids.sort_unstable();
        jids.dedup();
        let mut holdings = Holdings::read(self.tx, &jids)?;
        let mut done = Vec::with_capacity(run.len());
        for request in run {
            let Op::Ack(ack) = &request.op else { continue };
            if let Some(key) = holdings.take(self.tx, &ack.jid, &ack.wid)? {
                done.push(key);
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
