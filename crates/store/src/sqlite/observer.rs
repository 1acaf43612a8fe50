//! Read-only views of the committed state.

use std::path::Path;

use rusqlite::{Connection, OpenFlags};

use super::{failure, schema};
use crate::writer::QueueState;
use crate::{Counts, Observer, QueueTotals, StoreError, Totals};

/// A connection of its own: each call reads one snapshot, and the writer neither waits nor is waited for.
#[derive(Debug)]
pub struct SqliteObserver {
    conn: Connection,
}

impl SqliteObserver {
    pub(super) fn open(path: &Path) -> Result<Self, StoreError> {
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open_error = |error: rusqlite::Error| failure::of_open(path, &error);
        let conn = Connection::open_with_flags(path, flags).map_err(open_error)?;
        schema::configure_observer(&conn).map_err(open_error)?;
        Ok(Self { conn })
    }

    fn read_totals(&self) -> rusqlite::Result<Totals> {
        let snapshot = self.conn.unchecked_transaction()?;
        let mut totals = snapshot
            .prepare_cached("SELECT working, processed, failures, expired FROM tallies")?
            .query_row((), |row| {
                let counts = Counts {
                    processed: row.get(1)?,
                    failures: row.get(2)?,
                    expired: row.get(3)?,
                };
                Ok(Totals {
                    working: row.get(0)?,
                    counts,
                    ..Totals::default()
                })
            })?;
        let mut queues =
            snapshot.prepare_cached("SELECT name, size, paused FROM queues WHERE state = ?1")?;
        let mut rows = queues.query((QueueState::Live as i64,))?;
        while let Some(row) = rows.next()? {
            let queue = QueueTotals {
                size: row.get(1)?,
                paused: row.get(2)?,
            };
            totals.queues.insert(row.get(0)?, queue);
        }
        let size_of = |name: &str| {
            snapshot
                .prepare_cached("SELECT size FROM sets WHERE name = ?1 AND cleared = 0")?
                .query_row((name,), |row| row.get(0))
        };
        totals.scheduled = size_of("scheduled")?;
        totals.retries = size_of("retries")?;
        totals.dead = size_of("dead")?;
        Ok(totals)
    }

    fn read_days(&self, first: i64, last: i64) -> rusqlite::Result<Vec<(i64, Counts)>> {
        let mut statement = self.conn.prepare_cached(
            "SELECT day, processed, failures, expired FROM counters WHERE day BETWEEN ?1 AND ?2 ORDER BY day",
        )?;
        let rows = statement.query_map((first, last), |row| {
            let counts = Counts {
                processed: row.get(1)?,
                failures: row.get(2)?,
                expired: row.get(3)?,
            };
            Ok((row.get(0)?, counts))
        })?;
        rows.collect()
    }
}

impl Observer for SqliteObserver {
    fn totals(&mut self) -> Result<Totals, StoreError> {
        self.read_totals()
            .map_err(|error| failure::of_statement(&error))
    }

    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        self.read_days(first, last)
            .map_err(|error| failure::of_statement(&error))
    }
}
