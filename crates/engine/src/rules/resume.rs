//! Operations outlive the server: what one is, and how far it is, is written with its first slice and each later one, and the
//! next server goes on with it.
//!
//! A MUTATE of a client is not gone on with: its client has no answer, and asks again.

use workmill_proto::SteadyTime;
use workmill_store::{Clocks, OpenAction, StoreError, Tx};

use crate::audit;
use crate::features::forget_unwatched;
use crate::limits::SWEEP_SLICE_ROWS;
use crate::memory::Memory;
use crate::op::Mutate;
use crate::resumption;

/// What is left to do of one of the operations of the server before this one, if there is one left.
pub(super) fn next<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    now: Clocks,
) -> Result<Option<Mutate>, StoreError> {
    forget_unwatched(tx, |tx, action| resumption::is_kept(tx, action))?;
    let ended_at = memory.last_server_ended_at(now.wall);
    for action in tx.due::<OpenAction>(SteadyTime::MAX, SWEEP_SLICE_ROWS)? {
        if !memory.actions.is_orphan(action) || !resumption::is_kept(tx, action)? {
            continue;
        }
        let Some((id, noted)) = resumption::noted(tx, action)? else {
            audit::interrupt(tx, action, ended_at)?;
            continue;
        };
        if memory.operations.report(id).is_ok() {
            continue;
        }
        let Some(mut resumed) = resumption::get(tx, action, noted)? else {
            audit::interrupt(tx, action, ended_at)?;
            continue;
        };
        if let Some(watch) = &mut resumed.progress.watch {
            watch.load(tx, action)?;
        }
        if let Some(rest) = resumed.start(id, &mut memory.operations) {
            return Ok(Some(rest));
        }
    }
    Ok(None)
}
