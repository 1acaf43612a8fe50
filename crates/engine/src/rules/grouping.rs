//! Grouping: the jobs that a server without groups of failures has left are put into theirs, a slice at a time, in the background.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{Clocks, EntryKey, SetTime, StoreError, Tx, Ungrouped};

use crate::features::Failures;
use crate::limits::GROUPING_SLICE_JOBS;

/// Puts a slice of jobs into their groups, unless all are (`are_grouped`). Tells whether there may be more.
pub(crate) fn group_failures<T: Tx>(
    tx: &mut T,
    failures: &mut Failures,
    now: Clocks,
    are_grouped: &mut bool,
) -> Result<bool, StoreError> {
    if *are_grouped {
        return Ok(false);
    }
    let Some(Ungrouped { after }) = tx.get::<Ungrouped>(&[()])?.pop().flatten() else {
        // Nobody makes more of it.
        *are_grouped = true;
        return Ok(false);
    };
    let set = after.set;
    let slice = tx.entries(set, Some(after), SetTime::MAX, GROUPING_SLICE_JOBS)?;
    let next = match slice.last() {
        Some(last) => Some(last.key),
        None => behind(set),
    };
    let mut grouped = Vec::with_capacity(slice.len());
    for entry in slice {
        if let Ok(mut record) = entry.job
            && record.failure.is_none()
        {
            failures.enter(tx, now, set, &mut record)?;
            grouped.push((entry.key, record));
        }
    }
    if !grouped.is_empty() {
        tx.rewrite_entries(&grouped)?;
    }
    match next {
        Some(after) => tx.put(&[((), Ungrouped { after })])?,
        None => {
            tx.remove::<Ungrouped>(&[()])?;
            tracing::info!("all failed jobs are in groups of failures now");
        }
    }
    Ok(next.is_some())
}

/// Before the first job of the set that comes behind one.
fn behind(set: SetName) -> Option<EntryKey> {
    (set != SetName::Dead).then_some(EntryKey {
        set: SetName::Dead,
        at: SetTime::dead(SteadyTime::from_micros(i64::MIN)),
        serial: i64::MIN,
    })
}
