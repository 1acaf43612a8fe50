//! The rows as of one commit, for reading.

mod features;
mod records;

use std::ops::ControlFlow;

use rusqlite::types::ValueRef;
use rusqlite::{Connection, OptionalExtension, Params, Row};
use workmill_proto::SetName;

use super::failure;
use super::live_key::{TALLIES_KEY, day_at, day_key, queue_at, queue_key};
use super::load::{QUEUES, read_queue, read_reservation, read_tallies};
use super::rows::{place, raw};
use crate::reading::{JobReads, Readable, SetRow, Unreadable};
use crate::record::RawRecord;
use crate::writer::{EntryPlace, QUEUE_ID_MAX, QueueId, QueueRow, Removal, Tallies};
use crate::{Counts, Reservation, StoreError};

// Told by their order, and read until somebody has had enough: none has a limit.
pub(super) const JOBS: &str =
    "SELECT key, record FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key";
const RESERVED: &str = "SELECT key FROM live WHERE key BETWEEN ?1 AND ?2 ORDER BY key";
const RESERVATIONS: &str = "SELECT live.key, a, b, c, d, e IS NOT NULL, record
    FROM live LEFT JOIN jobs ON jobs.key = live.key WHERE live.key BETWEEN ?1 AND ?2 ORDER BY live.key";
const SETS: &str = "SELECT id, name, size, cleared FROM sets ORDER BY id";
const ENTRIES: &str = "SELECT set_id, at, serial, record FROM entries
    WHERE (set_id, at, serial) > (?1, ?2, ?3) ORDER BY set_id, at, serial";
const ENTRIES_BACK: &str = "SELECT set_id, at, serial, record FROM entries
    WHERE (set_id, at, serial) < (?1, ?2, ?3) ORDER BY set_id DESC, at DESC, serial DESC";
const ENTRY: &str = "SELECT record FROM entries WHERE set_id = ?1 AND at = ?2 AND serial = ?3";
const TALLIES: &str = "SELECT a, b, c, d, e, coalesce(f, 0), g, h FROM live WHERE key = ?1";
const DAYS: &str =
    "SELECT key, a, b, coalesce(c, 0) FROM live WHERE key BETWEEN ?1 AND ?2 ORDER BY key";

/// The rows that a connection sees in its transaction.
pub struct SqliteSnapshot<'a> {
    pub(super) conn: &'a Connection,
}

impl<'a> SqliteSnapshot<'a> {
    pub(super) fn new(conn: &'a Connection) -> Self {
        Self { conn }
    }

    /// Reads one row after the other, until `each` breaks.
    pub(super) fn rows(
        &self,
        sql: &str,
        values: impl Params,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), StoreError> {
        let read = self.conn.prepare_cached(sql).and_then(|mut statement| {
            let mut rows = statement.query(values)?;
            while let Some(row) = rows.next()?
                && each(row)?.is_continue()
            {}
            Ok(())
        });
        read.map_err(|error| failure::of_statement(&error))
    }

    /// Reads the first row.
    fn row<T>(
        &self,
        sql: &str,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        let mut statement = match self.conn.prepare_cached(sql) {
            Ok(statement) => statement,
            Err(error) => return Err(failure::of_statement(&error)),
        };
        let found = statement.query_row(values, read).optional();
        found.map_err(|error| failure::of_statement(&error))
    }
}

/// What a row is, or why it cannot be that.
fn readable<T>(read: rusqlite::Result<T>) -> Readable<T> {
    read.map_err(|error| Unreadable {
        reason: error.to_string(),
    })
}

impl JobReads for SqliteSnapshot<'_> {
    fn queues(
        &mut self,
        after: Option<QueueId>,
        mut each: impl FnMut(QueueId, Readable<QueueRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let first = after.map_or(0, |after| after.saturating_add(1));
        let keys = (queue_key(first), queue_key(QUEUE_ID_MAX));
        self.rows(QUEUES, keys, |row| {
            Ok(match queue_at(row.get(0)?) {
                Some(id) => each(id, readable(read_queue(row))),
                None => ControlFlow::Continue(()),
            })
        })
    }

    fn queue(&mut self, id: QueueId) -> Result<Option<QueueRow>, StoreError> {
        let key = queue_key(id);
        let row = self.row(QUEUES, (key, key), |row| Ok(read_queue(row).ok()))?;
        Ok(row.flatten())
    }

    fn jobs(
        &mut self,
        keys: (i64, i64),
        mut each: impl FnMut(i64, RawRecord<'_>, bool) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let of_statement = |error: rusqlite::Error| failure::of_statement(&error);
        let statement = self.conn.prepare_cached(RESERVED);
        let mut statement = statement.map_err(of_statement)?;
        // Few are reserved of many: going along with them is cheaper than to look for each job.
        let mut reserved = statement.query(keys).map_err(of_statement)?;
        let mut next = Some(i64::MIN);
        self.rows(JOBS, keys, |row| {
            let key = row.get(0)?;
            while next.is_some_and(|next| next < key) {
                next = reserved.next()?.map(|row| row.get(0)).transpose()?;
            }
            Ok(each(key, raw(row, 1)?, next == Some(key)))
        })
    }

    fn reservations(
        &mut self,
        keys: (i64, i64),
        mut each: impl FnMut(i64, Readable<Reservation>, Option<RawRecord<'_>>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(RESERVATIONS, keys, |row| {
            let record = match row.get_ref(6)? {
                ValueRef::Null => None,
                _ => Some(raw(row, 6)?),
            };
            Ok(each(row.get(0)?, readable(read_reservation(row)), record))
        })
    }

    fn sets(&mut self) -> Result<Vec<SetRow>, StoreError> {
        let mut sets = Vec::new();
        self.rows(SETS, (), |row| {
            let name: String = row.get(1)?;
            let named = SetName::ALL.into_iter().find(|set| set.as_str() == name);
            if let Some(name) = named {
                sets.push(SetRow {
                    id: row.get(0)?,
                    name,
                    size: row.get(2)?,
                    removal: match row.get::<_, i64>(3)? {
                        0 => None,
                        removal if removal == Removal::Cleared as i64 => Some(Removal::Cleared),
                        _ => Some(Removal::Flushed),
                    },
                });
            }
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(sets)
    }

    fn entries(
        &mut self,
        after: EntryPlace,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(ENTRIES, after, |row| Ok(each(place(row)?, raw(row, 3)?)))
    }

    fn entries_before(
        &mut self,
        before: EntryPlace,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.rows(ENTRIES_BACK, before, |row| {
            Ok(each(place(row)?, raw(row, 3)?))
        })
    }

    fn entry<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.row(ENTRY, place, |row| Ok(read(raw(row, 0)?)))
    }

    fn tallies(&mut self) -> Result<Tallies, StoreError> {
        let tallies = self.row(TALLIES, (TALLIES_KEY,), read_tallies)?;
        tallies.ok_or_else(|| StoreError::Inconsistent("the row of tallies is gone".into()))
    }

    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        let mut days = Vec::new();
        let keys = (day_key(first), day_key(last).min(TALLIES_KEY - 1));
        self.rows(DAYS, keys, |row| {
            let counts = Counts {
                processed: row.get(1)?,
                failures: row.get(2)?,
                expired: row.get(3)?,
            };
            days.push((day_at(row.get(0)?), counts));
            Ok(ControlFlow::Continue(()))
        })?;
        Ok(days)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement that sorts, or looks for its rows one by one, would read more than it tells.
    #[test]
    fn what_is_read_lies_in_order() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(dir.path().join("plan.db")).unwrap();
        super::super::schema::prepare(&mut conn, dir.path()).unwrap();
        let texts = [
            QUEUES,
            JOBS,
            RESERVED,
            RESERVATIONS,
            ENTRIES,
            ENTRY,
            TALLIES,
            DAYS,
        ];
        for text in texts.iter().chain(&features::TEXTS).chain(&records::TEXTS) {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
            let count = statement.parameter_count();
            let rows = statement.query_map(rusqlite::params_from_iter(vec![1; count]), |row| {
                row.get::<_, String>(3)
            });
            for line in rows.unwrap().map(Result::unwrap) {
                assert!(!line.starts_with("SCAN"), "{text}: {line}");
                assert!(!line.contains("TEMP B-TREE"), "{text}: {line}");
            }
        }
    }
}
