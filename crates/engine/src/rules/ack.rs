//! ACK: the job is done, and forgotten unless those are kept.

use workmill_store::{JobKey, ReservationsOf, StoreError, Tx};

use super::held::ReservationsByJid;
use super::life::{Ended, Ending};
use super::tombstones;
use crate::group::Group;
use crate::op::{Op, Request};
use crate::outcome::Outcome;
use crate::step::{Cause, What};

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
        let mut by_jid = ReservationsByJid::read(self.tx, jids)?;
        let mut done: Vec<Ending> = Vec::with_capacity(run.len());
        let mut wanted = Vec::new();
        let (mut asking, mut kept) = (Vec::new(), Vec::new());
        for request in run {
            let Op::Ack(ack) = &request.op else { continue };
            if let Some(held) = by_jid.take(self.tx, &ack.jid, &ack.wid)? {
                if self.rules.completed_secs > 0 {
                    asking.push(request);
                    kept.push(held.clone());
                    continue;
                }
                let ending = Ending::of(&mut self.memory.history, held, None);
                // What was reserved before this server started is counted by what the job says.
                if held.has_features
                    || self.meters.is_observed()
                    || ending.series.is_none()
                    || self.memory.careful.watches(&ack.jid)
                {
                    wanted.push(held.key);
                }
                done.push(ending);
            } else if let Some(key) = tombstones::take_trashed(self.tx, &ack.jid, &ack.wid)? {
                // It was deleted or killed meanwhile, and is done: to undo that must not run it again.
                self.trash.forget_done(self.tx, key)?;
            }
            self.answers.give(request.ticket, Outcome::Ok);
        }
        if !kept.is_empty() {
            return self.complete(&asking, kept);
        }
        if done.is_empty() {
            return Ok(());
        }
        let heads = match wanted.is_empty() {
            true => Vec::new(),
            false => self.tx.working_heads(&wanted)?,
        };
        let keys: Vec<JobKey> = heads.iter().map(|(key, _)| *key).collect();
        let reservations = match keys.is_empty() {
            true => Vec::new(),
            false => self.tx.reservations(ReservationsOf::Keys(&keys))?,
        };
        let mut rest = done.iter_mut();
        for (key, head) in &heads {
            let ending = rest.find(|ending| ending.key == *key);
            if let (Some(ending), Ok(record)) = (ending, head) {
                let history = &mut self.memory.history;
                ending
                    .series
                    .get_or_insert_with(|| history.series_of(record));
            }
        }
        self.end_executions(&done, Ended::Well)?;
        let known = heads.iter().filter_map(|(_, head)| head.as_ref().ok());
        self.prefetch(known)?;
        for ((_, head), held) in heads.iter().zip(&reservations) {
            // Of one that cannot be read nobody knows what it was.
            if let Ok(record) = head {
                self.step(What::Succeeded, Cause::Client, record, Some(held.into()))?;
            }
        }
        Ok(())
    }
}
