//! The locks of unique jobs.

use workmill_proto::SteadyTime;

use rusqlite::OptionalExtension as _;

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::{Lock, LockKey, LockOwner};

impl SqliteTx<'_> {
    pub(super) fn take_locks(
        &mut self,
        locks: &[Lock],
        now: SteadyTime,
    ) -> rusqlite::Result<Vec<bool>> {
        let mut taken = Vec::with_capacity(locks.len());
        for lock in locks {
            self.begin()?;
            let changed = self.statements.get(Sql::LockAcquire)?.execute((
                self.tallies.generation,
                &lock.key,
                &*lock.owner.jid,
                lock.owner.pushing,
                lock.ends_at.as_micros(),
                now.as_micros(),
            ))?;
            taken.push(changed > 0);
        }
        Ok(taken)
    }

    pub(super) fn give_locks_back(
        &mut self,
        owned: &[(LockKey, &LockOwner)],
    ) -> rusqlite::Result<()> {
        for (key, owner) in owned {
            self.begin()?;
            self.statements.get(Sql::LockRelease)?.execute((
                self.tallies.generation,
                key,
                &*owner.jid,
                owner.pushing,
            ))?;
        }
        Ok(())
    }

    pub(super) fn read_locks(&mut self, keys: &[LockKey]) -> rusqlite::Result<Vec<Option<Lock>>> {
        let generation = self.tallies.generation;
        let statement = self.statements.get(Sql::LockRead)?;
        let read = |key: &LockKey| {
            let lock = statement.query_row((generation, key), |row| {
                Ok(Lock {
                    key: *key,
                    owner: LockOwner {
                        jid: row.get(0)?,
                        pushing: row.get(1)?,
                    },
                    ends_at: SteadyTime::from_micros(row.get(2)?),
                })
            });
            lock.optional()
        };
        keys.iter().map(read).collect()
    }

    pub(super) fn delete_locks(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        self.forget((Sql::LocksReadUntil, Sql::LocksDeleteUntil), until, limit)
    }
}
