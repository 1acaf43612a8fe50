//! Sweeping: what was removed, cleared or flushed is deleted in slices.

use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::limits::SWEEP_SLICE_ROWS;
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// Deletes a slice; no batch waits for a job that is deleted. Tells whether there may be more.
    pub(crate) fn sweep(&mut self) -> Result<bool, StoreError> {
        let swept = self.tx.sweep(SWEEP_SLICE_ROWS)?;
        self.prefetch(swept.with_features.iter())?;
        for record in &swept.with_features {
            self.step(What::Deleted, Cause::Operator, record, None)?;
        }
        Ok(swept.more)
    }
}
