//! Purging: what is past its time is forgotten.

use workmill_store::{StoreError, Tx};

use super::tombstones;
use crate::audit;
use crate::group::Group;
use crate::limits::SWEEP_SLICE_ROWS;

impl<T: Tx> Group<'_, T> {
    /// Forgets a slice of what is past its time: dead jobs, completed ones, tombstones, locks, tracks, groups of failures, batches,
    /// entries of the audit log, the trash. Tells whether there may be more.
    pub(crate) fn purge(&mut self) -> Result<bool, StoreError> {
        let dead = self.purge_dead()?;
        let completed = self.purge_completed()?;
        let tombstones = tombstones::forget_old(self.tx, self.now.steady)?;
        let locks = self
            .locks
            .forget_ended(self.tx, self.now.steady, SWEEP_SLICE_ROWS)?;
        let tracks = self
            .tracks
            .forget_ended(self.tx, self.now.steady, SWEEP_SLICE_ROWS)?;
        let failures = self
            .failures
            .forget_empty(self.tx, self.now, SWEEP_SLICE_ROWS)?;
        let kept_since = self.now.steady.plus_secs(-self.rules.audit_secs);
        let entries = audit::forget_old(self.tx, kept_since)?;
        let trash = self.trash.forget_until(self.tx, self.now.steady)?;
        // Whoever means to COMMIT must have had the time to come back.
        let more_batches = self.grace_over && self.expire_batches()?;
        let kept = locks + tracks + failures + entries + trash;
        Ok(dead + completed + tombstones + kept > 0 || more_batches)
    }
}
