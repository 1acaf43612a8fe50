//! Promotion: jobs whose time has come go into their queues.

use workmill_proto::SetName;
use workmill_store::{JobRecord, SetTime, StoreError, Tx};

use super::corrupt::quarantine;
use crate::group::Group;
use crate::limits::PROMOTE_SLICE_JOBS;
use crate::step::Cause;

impl<T: Tx> Group<'_, T> {
    /// Moves a slice of due scheduled and retrying jobs. Tells whether there may be more.
    pub(crate) fn promote(&mut self) -> Result<bool, StoreError> {
        let scheduled = self.promote_set(SetName::Scheduled, SetTime::scheduled(self.now.wall))?;
        let retries = self.promote_set(SetName::Retries, SetTime::retries(self.now.steady))?;
        Ok(scheduled || retries)
    }

    fn promote_set(&mut self, set: SetName, now: SetTime) -> Result<bool, StoreError> {
        let due = self.take_first(set, now, PROMOTE_SLICE_JOBS)?;
        if due.is_empty() {
            return Ok(false);
        }
        let mut jobs: Vec<&JobRecord> = Vec::with_capacity(due.len());
        let mut dead = Vec::new();
        for entry in &due {
            match &entry.job {
                Ok(job) => jobs.push(job),
                Err(corrupt) => quarantine(self.tx, self.now.wall, None, corrupt, &mut dead)?,
            }
        }
        self.bury(dead)?;
        self.enqueue_again(&jobs, Cause::Time)?;
        Ok(true)
    }
}
