//! TRACK: what is known of a job, for whoever asks; and a longer reservation for its worker.

use workmill_proto::{SteadyTime, TrackCommand, TrackUpdate};
use workmill_store::{Clocks, StoreError, Tx};

use super::held::ReservationsByJid;
use crate::features::Tracks;
use crate::limits::RESERVE_AHEAD_MAX;
use crate::op::TrackOp;
use crate::outcome::{Outcome, TrackReport};

/// TRACK GET and SET.
pub(crate) fn track<T: Tx>(
    tx: &mut T,
    tracks: &mut Tracks,
    now: Clocks,
    op: &TrackOp,
) -> Result<Outcome, StoreError> {
    Ok(match &op.command {
        TrackCommand::Get(jid) => Outcome::Track(Box::new(TrackReport {
            jid: jid.clone(),
            track: tracks.get(tx, now.steady, jid)?,
        })),
        TrackCommand::Set(update) => {
            extend_reservation(tx, now, update, &op.wid)?;
            tracks.update(tx, now, update)?;
            Outcome::Ok
        }
    })
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
