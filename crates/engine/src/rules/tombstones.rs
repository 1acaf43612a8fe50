//! Tombstones: what is left of reservations that ended against their workers' will, so that a late word of theirs is not
//! taken for another's.

use workmill_proto::SteadyTime;
use workmill_store::{Reservation, StoreError, Tombstone, TombstoneKey, TrashKey, Tx};

use super::held::Held;
use crate::limits::{RESERVATION_END_MEMORY_SECS, SWEEP_SLICE_ROWS};

/// Workers lost these reservations.
pub(super) fn put<T: Tx>(tx: &mut T, now: SteadyTime, held: &[Held]) -> Result<(), StoreError> {
    let lost = held.iter().map(|held| &held.reservation);
    let lost = lost.filter(|lost| !lost.wid.is_empty());
    let tombstone = Tombstone {
        at: now,
        trashed: None,
    };
    let tombstones: Vec<_> = lost.map(|lost| (key_of(lost), tombstone)).collect();
    match tombstones.is_empty() {
        true => Ok(()),
        false => tx.put(&tombstones),
    }
}

/// An operator has taken these reservations away. Their jobs went into the trash, the first of them under this key, if they did: then
/// the word that one is done still means something, also if nobody knows which worker says it.
pub(super) fn put_of_taken<T: Tx>(
    tx: &mut T,
    now: SteadyTime,
    taken: Vec<TombstoneKey>,
    first: Option<TrashKey>,
) -> Result<(), StoreError> {
    let tombstones = taken.into_iter().zip(0..).map(|(key, index)| {
        let trashed = first.map(|(action, number)| (action, number + index));
        (key, Tombstone { at: now, trashed })
    });
    let means_something = |((_, wid), tombstone): &(TombstoneKey, Tombstone)| {
        !wid.is_empty() || tombstone.trashed.is_some()
    };
    let tombstones: Vec<_> = tombstones.filter(means_something).collect();
    match tombstones.is_empty() {
        true => Ok(()),
        false => tx.put(&tombstones),
    }
}

/// The key of the tombstone of a reservation.
pub(super) fn key_of(held: &Reservation) -> TombstoneKey {
    (held.jid.clone(), held.wid.clone())
}

/// Takes note of the job in the trash that a worker may mean that holds no such job any more.
pub(super) fn take_trashed<T: Tx>(
    tx: &mut T,
    jid: &str,
    wid: &str,
) -> Result<Option<TrashKey>, StoreError> {
    let key: TombstoneKey = (jid.into(), wid.into());
    let found = tx.get::<Tombstone>(std::slice::from_ref(&key))?.pop();
    let Some(Tombstone { at, trashed }) = found.flatten() else {
        return Ok(None);
    };
    if trashed.is_some() {
        let trashed = None;
        tx.put(&[(key, Tombstone { at, trashed })])?;
    }
    Ok(trashed)
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
