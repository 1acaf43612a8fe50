//! What happened over time.

use std::ops::RangeInclusive;

use super::snapshot::Snapshot;
use super::{Bounds, Slice, SliceBuilder};
use crate::{HistoryKey, HistorySlot, Resolution, StoreError};

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    resolution: Resolution,
    slots: RangeInclusive<i64>,
    bounds: Bounds,
) -> Result<Slice<(i64, HistorySlot), i64>, StoreError> {
    let generation = rows.tallies()?.generation;
    let (first, last) = slots.into_inner();
    // Two slots further apart than that are never kept together.
    let kept = resolution.slots_kept() - 1;
    let mut slice = SliceBuilder::new(bounds);
    for slot in first.max(last.saturating_sub(kept))..=last {
        let key = HistoryKey { resolution, slot };
        if let Some(Ok(found)) = rows.history_slot(generation, key)? {
            slice.add((slot, found), 0);
        }
        if slot < last && slice.step(slot).is_break() {
            break;
        }
    }
    Ok(slice.into_slice())
}
