//! One transaction: how it begins and how it ends. What it can do is in the files of its primitives.

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::{SetName, SteadyTime};

use super::cache::Cache;
use super::copier::{Copier, Due};
use super::failure::{self, CommitFailure};
use super::log::Log;
use super::order::Suspicion;
use super::place::{TALLIES_KEY, queue_key};
use super::poison::Poison;
use super::sql::{Sql, Statements};
use super::store::SqliteStore;
use super::tallies::Tallies;
use crate::{Counts, DiskTurn, DiskWork, StoreError};

/// A transaction of a [`SqliteStore`]. The database's own begins with the first change, so one that only
/// looks costs nothing.
pub struct SqliteTx<'a> {
    pub(super) statements: Statements<'a>,
    pub(super) cache: &'a mut Cache,
    pub(super) tallies: &'a mut Tallies,
    pub(super) encoded: &'a mut Vec<u8>,
    pub(super) suspicion: &'a mut Suspicion,
    copier: &'a mut Copier,
    /// Claimed, and neither reserved nor finished so far.
    pub(super) claimed: BTreeSet<i64>,
    /// Counts to be added per UTC day.
    pub(super) counted: BTreeMap<i64, Counts>,
    /// Whether how far the clocks are is to be kept even if nothing else changes.
    pub(super) keeps_clocks: bool,
    tallies_before: Tallies,
    poison: &'a Poison,
    log: &'a Log,
    begun: bool,
    failed: bool,
    kept: bool,
    _turn: DiskTurn<'a>,
}

impl<'a> SqliteTx<'a> {
    pub(super) fn new(store: &'a mut SqliteStore) -> Self {
        store.cache.begin();
        Self {
            statements: Statements::new(&store.conn),
            cache: &mut store.cache,
            tallies_before: store.tallies,
            tallies: &mut store.tallies,
            encoded: &mut store.encoded,
            suspicion: &mut store.suspicion,
            copier: &mut store.copier,
            claimed: BTreeSet::new(),
            counted: BTreeMap::new(),
            keeps_clocks: false,
            poison: &store.poison,
            log: &store.log,
            begun: false,
            failed: false,
            kept: false,
            _turn: store.disk.begin(DiskWork::Transaction),
        }
    }

    /// Runs a primitive; after a failed one, refuses every other.
    pub(super) fn run<R>(
        &mut self,
        primitive: impl FnOnce(&mut Self) -> Result<R, StoreError>,
    ) -> Result<R, StoreError> {
        if self.failed {
            return Err(StoreError::Statement(
                "an earlier statement of the transaction failed".into(),
            ));
        }
        let result = primitive(self);
        self.failed = result.is_err();
        match (&result, self.suspicion.reason()) {
            (Err(_), Some(reason)) => Err(StoreError::Disorder(reason.to_owned())),
            _ => result,
        }
    }

    /// Like [`SqliteTx::run`], for primitives whose errors are all SQLite's.
    pub(super) fn query<R>(
        &mut self,
        primitive: impl FnOnce(&mut Self) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        self.run(|tx| primitive(tx).map_err(|error| failure::of_statement(&error)))
    }

    /// Begins the database's transaction if that has not been done. Comes before every change.
    pub(super) fn begin(&mut self) -> rusqlite::Result<()> {
        if !self.begun {
            self.statements.get(Sql::Begin)?.execute(())?;
            self.begun = true;
        }
        Ok(())
    }

    /// Deletes up to `limit` rows of this generation whose time is over at `until`; tells how many. Looks first:
    /// with nothing to delete, which is the rule, nothing is written and nothing has to be synced.
    pub(super) fn forget(
        &mut self,
        (read, delete): (Sql, Sql),
        until: SteadyTime,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        let (generation, until) = (self.tallies.generation, until.as_micros());
        if !self.statements.get(read)?.exists((generation, until))? {
            return Ok(0);
        }
        self.begin()?;
        let delete = self.statements.get(delete)?;
        delete.execute((generation, until, limit))
    }

    /// Writes the rows that are changed once per transaction, however often they changed.
    fn write_cached(&mut self) -> rusqlite::Result<()> {
        self.tallies.working = self.cache.mirror().len() as u64;
        let queues_changed = self.cache.changed_queues().next().is_some();
        let tallies_changed = self.keeps_clocks || self.tallies.differ(&self.tallies_before);
        if !queues_changed && !tallies_changed && self.counted.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.write_queues()?;
        self.write_tallies()?;
        self.write_counts()
    }

    fn write_queues(&mut self) -> rusqlite::Result<()> {
        let write = self.statements.get(Sql::QueueWrite)?;
        for (id, queue) in self.cache.changed_queues() {
            let row = &queue.now.row;
            write.execute((
                queue_key(id),
                &*row.name,
                row.state as i64,
                row.paused,
                row.size,
                row.position_next,
                row.position_front,
            ))?;
        }
        Ok(())
    }

    fn write_tallies(&mut self) -> rusqlite::Result<()> {
        let (before, now) = (self.tallies_before, *self.tallies);
        for set in SetName::ALL {
            if before.set(set) != now.set(set) {
                let tally = now.set(set);
                self.statements
                    .get(Sql::SetWriteSize)?
                    .execute((tally.id, tally.size))?;
            }
        }
        if self.keeps_clocks || before.row() != now.row() {
            let (working, counts, last_serial, generation) = now.row();
            self.statements.get(Sql::TalliesWrite)?.execute((
                TALLIES_KEY,
                working,
                counts.processed,
                counts.failures,
                last_serial,
                generation,
                counts.expired,
                now.clocks.map(|clocks| clocks.steady.as_micros()),
                now.clocks.map(|clocks| clocks.wall.as_micros()),
            ))?;
        }
        Ok(())
    }

    fn commit_database(&mut self) -> Result<(), StoreError> {
        if !self.begun {
            return Ok(());
        }
        let commit = self.statements.get(Sql::Commit);
        let done = commit.and_then(|statement| workmill_vfs::commit(|| statement.execute(())));
        match done.as_ref().map_err(failure::of_commit) {
            Ok(_) => {}
            Err(CommitFailure::NotCommitted(error)) => return Err(error),
            Err(CommitFailure::Unknown(reason)) => return Err(self.poison.set(reason)),
        }
        self.log.note_commit();
        self.copy_log_if_due();
        // A copy may have failed in a way that leaves nothing to rely on.
        self.poison.check()
    }

    /// Has the log copied into the database when it is time.
    fn copy_log_if_due(&mut self) {
        if self.copier.note_commit() == Due::Nothing {
            return;
        }
        self.copier.begin_anew(self.statements.conn());
        self.log.note_commit();
    }

    /// Commits, or leaves it to the drop to undo everything.
    pub(super) fn commit_changes(mut self) -> Result<(), StoreError> {
        // A sync may have failed since the transaction began: nothing may be promised any more.
        self.poison.check()?;
        self.run(|tx| tx.check_claimed())?;
        self.query(Self::write_cached)?;
        self.commit_database()?;
        self.cache.keep();
        self.kept = true;
        Ok(())
    }

    fn check_claimed(&self) -> Result<(), StoreError> {
        match self.claimed.len() {
            0 => Ok(()),
            count => Err(StoreError::Statement(format!(
                "{count} claimed jobs were neither reserved nor finished"
            ))),
        }
    }
}

impl Drop for SqliteTx<'_> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        // After some failures SQLite has rolled back by itself.
        if self.begun && !self.statements.is_autocommit() {
            let rollback = self.statements.get(Sql::Rollback);
            if let Err(error) = rollback.and_then(|statement| statement.execute(())) {
                self.poison.set(format!("rollback failed: {error}"));
            }
        }
        self.cache.undo();
        *self.tallies = self.tallies_before;
    }
}
