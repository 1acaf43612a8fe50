//! The trash.

use std::ops::ControlFlow;

use super::snapshot::{Readable, Snapshot};
use super::{Bounds, Slice, SliceBuilder};
use crate::{StoreError, Trash};

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    after: Option<u64>,
    bounds: Bounds,
) -> Result<Slice<(u64, Readable<Trash>), u64>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut slice = SliceBuilder::new(bounds);
    rows.trash(generation, after, |action, trash| {
        slice.add((action, trash), 0);
        slice.step(action)
    })?;
    Ok(slice.into_slice())
}

pub(super) fn of<S: Snapshot>(
    rows: &mut S,
    actions: &[u64],
) -> Result<Vec<Option<Trash>>, StoreError> {
    let generation = rows.tallies()?.generation;
    let mut all = Vec::with_capacity(actions.len());
    for &action in actions {
        let mut found = None;
        rows.trash(generation, action.checked_sub(1), |id, trash| {
            found = trash.ok().filter(|_| id == action);
            ControlFlow::Break(())
        })?;
        all.push(found);
    }
    Ok(all)
}
