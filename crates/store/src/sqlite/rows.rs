//! The rows of a transaction, and how it begins and ends in the database.

mod answer_logs;
mod audit;
mod batches;
mod cron;
mod entries;
mod failures;
mod jobs;
mod kept;
mod live;
mod trash;

pub(super) use audit::read_audit;
pub(super) use batches::{number, read_batch};
pub(super) use cron::read_definition;
pub(super) use entries::place;
pub(super) use failures::read_ungrouped;
pub(super) use kept::{read_end, read_lock, read_track};
pub(super) use trash::{read_trash, read_trashed};

use rusqlite::Row;
use rusqlite::types::ValueRef;

use super::checkpointer::{Checkpointer, Due};
use super::failure::{self, CommitFailure};
use super::log::Log;
use super::sql::{Sql, Statements};
use super::store::SqliteStore;
use crate::record::RawRecord;
use crate::writer::{Poison, Rows, WriterTx};
use crate::{DiskTurn, DiskWork, StoreError};

/// A transaction of a [`SqliteStore`]. The database's own begins with the first change, so one that only
/// looks costs nothing.
pub type SqliteTx<'a> = WriterTx<'a, SqliteRows<'a>>;

/// The rows of a database, for one transaction.
pub struct SqliteRows<'a> {
    pub(super) statements: Statements<'a>,
    checkpointer: &'a mut Checkpointer,
    log: &'a Log,
    poison: &'a Poison,
    _turn: DiskTurn<'a>,
}

impl SqliteStore {
    /// Starts a transaction.
    pub(super) fn transaction(&mut self) -> SqliteTx<'_> {
        let rows = SqliteRows {
            statements: Statements::new(&self.conn),
            checkpointer: &mut self.checkpointer,
            log: &self.log,
            poison: &self.poison,
            _turn: self.disk.begin(DiskWork::Transaction),
        };
        WriterTx::new(&mut self.writer, rows)
    }
}

impl Rows for SqliteRows<'_> {
    const MAY_BE_OUT_OF_ORDER: bool = true;

    fn begin(&mut self) -> Result<(), StoreError> {
        self.statements.execute(Sql::Begin, ())?;
        Ok(())
    }

    fn commit(&mut self) -> Result<(), StoreError> {
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

    fn rollback(&mut self) {
        // After some failures SQLite has rolled back by itself.
        if self.statements.is_autocommit() {
            return;
        }
        let rollback = self.statements.get(Sql::Rollback);
        if let Err(error) = rollback.and_then(|statement| statement.execute(())) {
            self.poison.set(format!("rollback failed: {error}"));
        }
    }
}

impl SqliteRows<'_> {
    /// Has the log copied into the database when it is time.
    fn copy_log_if_due(&mut self) {
        self.checkpointer.marks().catch_up(self.statements.conn());
        if self.checkpointer.note_commit() == Due::Nothing {
            return;
        }
        self.checkpointer.reset_log(self.statements.conn());
        self.log.note_commit();
    }
}

/// What stands in place of a record.
pub(super) fn raw<'a>(row: &'a Row<'_>, column: usize) -> rusqlite::Result<RawRecord<'a>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => RawRecord::Bytes(bytes),
        ValueRef::Text(bytes) => RawRecord::Text(bytes),
        _ => RawRecord::Nothing,
    })
}
