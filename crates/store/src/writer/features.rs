//! What features keep besides batches: tombstones, locks, tracks, cron ticks.

use workmill_proto::{SteadyTime, Timestamp};

use super::rows::{Passing, Rows};
use super::tx::WriterTx;
use crate::{CronTick, Lock, LockKey, LockOwner, StoreError, Tombstone, Track};

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn write_ends(&mut self, ends: &[Tombstone]) -> Result<(), StoreError> {
        for end in ends {
            self.begin()?;
            self.rows.write_end(self.tallies.generation, end)?;
        }
        Ok(())
    }

    pub(super) fn take_locks(
        &mut self,
        locks: &[Lock],
        now: SteadyTime,
    ) -> Result<Vec<bool>, StoreError> {
        let mut taken = Vec::with_capacity(locks.len());
        for lock in locks {
            self.begin()?;
            let generation = self.tallies.generation;
            taken.push(self.rows.acquire_lock(generation, lock, now)?);
        }
        Ok(taken)
    }

    pub(super) fn give_locks_back(
        &mut self,
        owned: &[(LockKey, &LockOwner)],
    ) -> Result<(), StoreError> {
        for (key, owner) in owned {
            self.begin()?;
            self.rows
                .release_lock(self.tallies.generation, key, owner)?;
        }
        Ok(())
    }

    pub(super) fn read_locks(&mut self, keys: &[LockKey]) -> Result<Vec<Option<Lock>>, StoreError> {
        let generation = self.tallies.generation;
        let read = |key| self.rows.lock(generation, key);
        keys.iter().map(read).collect()
    }

    pub(super) fn read_tracks(&mut self, jids: &[&str]) -> Result<Vec<Option<Track>>, StoreError> {
        let generation = self.tallies.generation;
        let read = |jid: &&str| self.rows.track(generation, jid);
        jids.iter().map(read).collect()
    }

    pub(super) fn replace_tracks(&mut self, tracks: &[(&str, &Track)]) -> Result<(), StoreError> {
        for (jid, track) in tracks {
            self.begin()?;
            self.rows.write_track(self.tallies.generation, jid, track)?;
        }
        Ok(())
    }

    pub(super) fn read_cron_ticks(
        &mut self,
        names: &[&str],
    ) -> Result<Vec<Option<Timestamp>>, StoreError> {
        let read = |name: &&str| self.rows.cron_tick(name);
        names.iter().map(read).collect()
    }

    pub(super) fn write_cron_ticks(&mut self, ticks: &[CronTick]) -> Result<(), StoreError> {
        for tick in ticks {
            self.begin()?;
            self.rows.write_cron_tick(tick)?;
        }
        Ok(())
    }

    /// Deletes up to `limit` rows of this generation whose time is over at `until`; tells how many. Looks first:
    /// with nothing to delete, which is the rule, nothing is written and nothing has to be synced.
    pub(super) fn forget(
        &mut self,
        what: Passing,
        until: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let generation = self.tallies.generation;
        if !self.rows.has_passed(what, generation, until)? {
            return Ok(0);
        }
        self.begin()?;
        self.rows.delete_passed(what, generation, until, limit)
    }
}
