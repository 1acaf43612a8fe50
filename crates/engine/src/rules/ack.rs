//! ACK: the job is done and forgotten.

use workmill_store::{StoreError, Tx};

use super::reservation::Holdings;
use crate::group::Group;
use crate::op::{Op, Request};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// A run of ACKs. An unknown job is acknowledged too, as in Faktory: its worker has nothing more to do.
    pub(crate) fn ack(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let jids: Vec<&str> = run
            .iter()
            .filter_map(|request| match &request.op {
                Op::Ack(ack) => Some(ack.jid.as_str()),
                _ => None,
            })
            .collect();
        let mut holdings = Holdings::read(self.tx, jids)?;
        let mut done = Vec::with_capacity(run.len());
        let mut with_features = Vec::new();
        for request in run {
            let Op::Ack(ack) = &request.op else { continue };
            if let Some(held) = holdings.take(self.tx, &ack.jid, &ack.wid)? {
                done.push(held.key);
                if held.has_features {
                    with_features.push(held.key);
                }
                self.count_execution(false);
            }
            self.answer(request.ticket, Outcome::Ok);
        }
        if done.is_empty() {
            return Ok(());
        }
        let wanted = match self.rules.observed {
            true => &done,
            false => &with_features,
        };
        let heads = match wanted.is_empty() {
            true => Vec::new(),
            false => self.tx.working_heads(wanted)?,
        };
        self.observe_acknowledged(&heads)?;
        self.end_reservations(&done)?;
        let known = heads.iter().filter_map(|(_, head)| head.as_ref().ok());
        self.prefetch(known.clone())?;
        for record in known {
            self.succeeded(record)?;
        }
        Ok(())
    }
}
