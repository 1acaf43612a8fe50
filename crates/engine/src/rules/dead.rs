//! The dead set: jobs that will not be tried again unless someone asks for it. Bounded in number and time.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{JobRecord, Place, SetTime, StoreError, Tx};

use super::taking::trash_ends_at;
use crate::context::Rules;
use crate::group::Group;
use crate::limits::{EVICTION_ROUNDS_MAX, SWEEP_SLICE_ROWS};
use crate::step::{Cause, What};

impl<T: Tx> Group<'_, T> {
    /// Puts jobs into the dead set. Beyond its limit, the oldest there leave; what an operator's action makes leave can be put back.
    pub(super) fn bury(&mut self, jobs: Vec<JobRecord>) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        let forgotten_at = forgotten_at(self.now.steady, self.rules);
        let entries: Vec<_> = jobs.into_iter().map(|job| (forgotten_at, job)).collect();
        self.lay_down(entries)
    }

    /// Puts jobs into the dead set, each until its time. Beyond its limit, the oldest there leave.
    pub(super) fn lay_down(
        &mut self,
        entries: Vec<(SetTime, JobRecord)>,
    ) -> Result<(), StoreError> {
        self.put_into(SetName::Dead, entries)?;
        // What is evicted can bring other jobs here, and these others: whoever evicts already goes on with them.
        if !self.evicting {
            self.evict_excess()?;
        }
        Ok(())
    }

    /// Forgets dead jobs beyond the limit, and those that come here because of that; tells how many.
    fn evict_excess(&mut self) -> Result<usize, StoreError> {
        self.evicting = true;
        let mut evicted = 0;
        for _ in 0..EVICTION_ROUNDS_MAX {
            let excess = excess(self.tx, self.rules.dead_jobs_max)?;
            if excess == 0 {
                break;
            }
            evicted += self.forget_dead(SetTime::MAX, excess)?;
        }
        self.evicting = false;
        Ok(evicted)
    }

    /// Forgets dead jobs past their time, and those beyond the limit, which may have been lowered; tells how many.
    pub(super) fn purge_dead(&mut self) -> Result<usize, StoreError> {
        self.evicting = true;
        let too_old = self.forget_dead(SetTime::dead(self.now.steady), SWEEP_SLICE_ROWS)?;
        Ok(too_old + self.evict_excess()?)
    }

    fn forget_dead(&mut self, until: SetTime, limit: usize) -> Result<usize, StoreError> {
        // What their end brings about may come into the set.
        let entries = self.take_first(SetName::Dead, until, limit)?;
        let records = entries.iter().filter_map(|entry| entry.job.as_ref().ok());
        self.prefetch(records)?;
        for entry in &entries {
            if let Ok(record) = &entry.job {
                self.step(What::Evicted, Cause::NoRoom, record, None)?;
            }
        }
        let forgotten = entries.len();
        let ends_at = trash_ends_at(self.now.steady, self.rules);
        self.trash.put_away_evicted(self.tx, ends_at, entries)?;
        Ok(forgotten)
    }
}

/// When a job is forgotten that dies now.
pub(super) fn forgotten_at(now: SteadyTime, rules: &Rules) -> SetTime {
    SetTime::dead(now.plus_secs(rules.dead_ttl_secs))
}

/// How many dead jobs there are beyond the limit, as many as fit into a slice.
fn excess<T: Tx>(tx: &mut T, max: u64) -> Result<usize, StoreError> {
    let size = tx.size(&Place::Set(SetName::Dead))?;
    let excess = usize::try_from(size.saturating_sub(max)).unwrap_or(usize::MAX);
    Ok(excess.min(SWEEP_SLICE_ROWS))
}
