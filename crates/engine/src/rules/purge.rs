//! Purging: what is past its time is forgotten.

use workmill_store::{StoreError, Tombstone, Tx};

use crate::group::Group;
use crate::limits::{RESERVATION_END_MEMORY_SECS, SWEEP_SLICE_ROWS};

impl<T: Tx> Group<'_, T> {
    /// Forgets a slice of what is past its time: dead jobs, tombstones, locks, tracks, batches. Tells whether there may be
    /// more.
    pub(crate) fn purge(&mut self) -> Result<bool, StoreError> {
        let dead = self.purge_dead()?;
        let tombstones = self.forget_tombstones()?;
        let locks = self
            .locks
            .forget_ended(self.tx, self.now.steady, SWEEP_SLICE_ROWS)?;
        let tracks = self
            .tracks
            .forget_ended(self.tx, self.now.steady, SWEEP_SLICE_ROWS)?;
        // Whoever means to COMMIT must have had the time to come back.
        let more_batches = self.grace_over && self.expire_batches()?;
        Ok(dead + tombstones + locks + tracks > 0 || more_batches)
    }

    fn forget_tombstones(&mut self) -> Result<usize, StoreError> {
        let until = self.now.steady.plus_secs(-RESERVATION_END_MEMORY_SECS);
        let due = self.tx.due::<Tombstone>(until, SWEEP_SLICE_ROWS)?;
        if !due.is_empty() {
            self.tx.remove::<Tombstone>(&due)?;
        }
        Ok(due.len())
    }
}
