//! The audit log.

use super::snapshot::Snapshot;
use super::{AuditView, Bounds, Slice, SliceBuilder};
use crate::{AuditEntry, StoreError};

pub(super) fn slice<S: Snapshot>(
    rows: &mut S,
    after: Option<u64>,
    wanted: &dyn Fn(&AuditEntry) -> bool,
    bounds: Bounds,
) -> Result<Slice<AuditView, u64>, StoreError> {
    let mut slice = SliceBuilder::new(bounds);
    rows.audit(after, |id, entry| {
        if entry.as_ref().map_or(true, wanted) {
            slice.add((id, entry), 0);
        }
        slice.step(id)
    })?;
    Ok(slice.into_slice())
}
