//! TRACK: what is known of a job, for whoever asks; and a longer reservation for its worker.

use workmill_proto::{SteadyTime, TrackCommand, TrackUpdate};
use workmill_store::{Clocks, StoreError, Tx};

use super::held::ReservationsByJid;
use crate::group::Group;
use crate::limits::RESERVE_AHEAD_MAX;
use crate::op::{Ticket, TrackOp};
use crate::outcome::{Outcome, TrackReport};

impl<T: Tx> Group<'_, T> {
    /// TRACK GET and SET.
    pub(crate) fn track(&mut self, ticket: Ticket, op: &TrackOp) -> Result<(), StoreError> {
        let outcome = match &op.command {
            TrackCommand::Get(jid) => Outcome::Track(Box::new(TrackReport {
                jid: jid.clone(),
                track: self.tracks.get(self.tx, self.now.steady, jid)?,
            })),
            TrackCommand::Set(update) => {
                extend_reservation(self.tx, self.now, update, &op.wid)?;
                self.tracks.update(self.tx, self.now, update)?;
                Outcome::Ok
            }
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }
}

/// Moves the end of the reservation that the worker means, never back and no further than may be. If there is none,
/// nothing is moved, as in Faktory: clients send `reserve_until` with every update.
fn extend_reservation<T: Tx>(
    tx: &mut T,
    now: Clocks,
    update: &TrackUpdate,
    wid: &str,
) -> Result<(), StoreError> {
    let Some(until) = update.reserve_until else {
        return Ok(());
    };
    // A worker means an instant, and keeps its job for as long as that is away.
    let ahead_micros = until.as_micros() - now.wall.as_micros();
    let until = now.steady.as_micros().saturating_add(ahead_micros);
    let until = SteadyTime::from_micros(until).min(now.steady.plus(RESERVE_AHEAD_MAX));
    let jid = update.jid.as_str();
    let mut by_jid = ReservationsByJid::read(tx, vec![jid])?;
    match by_jid.take(tx, jid, wid)? {
        Some(held) if until > held.expires_at => tx.extend(&[(held.key, until)]),
        _ => Ok(()),
    }
}
