//! The locks of unique jobs.

use workmill_proto::Timestamp;

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::{Lock, LockKey};

impl SqliteTx<'_> {
    pub(super) fn take_locks(
        &mut self,
        locks: &[Lock],
        now: Timestamp,
    ) -> rusqlite::Result<Vec<bool>> {
        let mut taken = Vec::with_capacity(locks.len());
        for lock in locks {
            self.begin()?;
            let changed = self.statements.get(Sql::LockAcquire)?.execute((
                self.tallies.generation,
                &lock.key,
                &*lock.owner,
                lock.ends_at.as_micros(),
                now.as_micros(),
            ))?;
            taken.push(changed > 0);
        }
        Ok(taken)
    }

    pub(super) fn give_locks_back(&mut self, owned: &[(LockKey, &str)]) -> rusqlite::Result<()> {
        for (key, owner) in owned {
            self.begin()?;
            self.statements.get(Sql::LockRelease)?.execute((
                self.tallies.generation,
                key,
                owner,
            ))?;
        }
        Ok(())
    }

    pub(super) fn delete_locks(
        &mut self,
        until: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        self.forget((Sql::LocksReadUntil, Sql::LocksDeleteUntil), until, limit)
    }
}
