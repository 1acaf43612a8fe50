//! Tombstones: what is left of reservations that ended against their workers' will, so that a late word of theirs is not
//! taken for another's.

use workmill_proto::SteadyTime;
use workmill_store::{StoreError, Tombstone, Tx};

use super::held::Held;
use crate::limits::{RESERVATION_END_MEMORY_SECS, SWEEP_SLICE_ROWS};

/// Workers lost these reservations.
pub(super) fn put<T: Tx>(tx: &mut T, now: SteadyTime, held: &[Held]) -> Result<(), StoreError> {
    let lost = held.iter().map(|held| &held.reservation);
    let lost = lost.filter(|lost| !lost.wid.is_empty());
    let tombstone = Tombstone { at: now };
    let tombstones: Vec<_> = lost
        .map(|lost| ((lost.jid.clone(), lost.wid.clone()), tombstone))
        .collect();
    match tombstones.is_empty() {
        true => Ok(()),
        false => tx.put(&tombstones),
    }
}

/// Whether a worker has lost a reservation of this job, so that its word is late.
pub(super) fn is_there<T: Tx>(tx: &mut T, jid: &str, wid: &str) -> Result<bool, StoreError> {
    let found = tx.get::<Tombstone>(&[(jid.into(), wid.into())])?;
    Ok(found.iter().any(Option::is_some))
}

/// Forgets a slice of those that no word is to be expected for any more; tells how many.
pub(super) fn forget_old<T: Tx>(tx: &mut T, now: SteadyTime) -> Result<usize, StoreError> {
    let until = now.plus_secs(-RESERVATION_END_MEMORY_SECS);
    let due = tx.due::<Tombstone>(until, SWEEP_SLICE_ROWS)?;
    if !due.is_empty() {
        tx.remove::<Tombstone>(&due)?;
    }
    Ok(due.len())
}
