//! What tells that a table is not in order: its rows are found by their keys, and so a damaged key hides others.
//!
//! Nothing here reads more than is read anyway, unless there is something odd.

use rusqlite::{Error, OptionalExtension, ffi};

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::StoredJob;
use crate::record::{Place, belongs_elsewhere};

/// How often the tables are looked through for nothing before oddities are left as they are.
const FUTILE_MAX: u32 = 3;

/// Whether there is reason to look through the tables.
#[derive(Debug, Default)]
pub(super) struct Suspicion {
    /// What was odd.
    raised: Option<String>,
    /// How often nothing was found since the store was opened.
    futile: u32,
}

impl Suspicion {
    pub(super) fn is_raised(&self) -> bool {
        self.raised.is_some()
    }

    /// What was odd, for the error that ends the transaction.
    pub(super) fn reason(&self) -> Option<&str> {
        self.raised.as_deref()
    }

    /// Notes something odd; tells whether it is worth another look.
    pub(super) fn raise(&mut self, reason: impl FnOnce() -> String) -> bool {
        if self.futile >= FUTILE_MAX {
            return false;
        }
        self.raised.get_or_insert_with(reason);
        true
    }

    /// The tables were looked through.
    pub(super) fn settle(&mut self, found_any: bool) {
        self.raised = None;
        self.futile += u32::from(!found_any);
    }
}

impl SqliteTx<'_> {
    /// Ends the transaction, so that the tables are looked through before the next. Does nothing if that has been to no
    /// avail.
    pub(super) fn suspect(&mut self, reason: impl FnOnce() -> String) -> rusqlite::Result<()> {
        match self.suspicion.raise(reason) {
            true => Err(disorder()),
            false => Ok(()),
        }
    }

    /// Looks whether a job that cannot be read is where it belongs. One that can is, as its record says so.
    pub(super) fn check_job(&mut self, key: i64, job: &StoredJob) -> rusqlite::Result<()> {
        let Err(corrupt) = job else {
            return Ok(());
        };
        let mut beside = |sql| {
            let read = self.statements.get(sql)?;
            let found = read.query_row((key,), |row| row.get::<_, i64>(0));
            found.optional()
        };
        let in_order = beside(Sql::JobBefore)?.is_none_or(|before| before < key)
            && beside(Sql::JobAfter)?.is_none_or(|after| after > key)
            && self.statements.get(Sql::JobRead)?.exists((key,))?;
        if in_order && !belongs_elsewhere(Place::Job { key }, &corrupt.bytes) {
            return Ok(());
        }
        self.suspect(|| format!("a job is not where it belongs: it was found under the key {key}"))
    }

    /// Looks whether a claim found what there must be. Positions are given one after the other, so as many as wait come at
    /// the end of the queue.
    pub(super) fn check_claim(
        &mut self,
        queue: &str,
        (size, found, wanted_more): (u64, u64, bool),
        rest: Rest,
    ) -> rusqlite::Result<()> {
        if wanted_more && found < size {
            tracing::error!(
                queue,
                size,
                found,
                "the queue {queue} is to have {size} jobs and {found} are found"
            );
            return self.suspect(|| {
                format!("the queue {queue} is to have {size} jobs and {found} are found")
            });
        }
        if rest.waiting > rest.positions {
            return self.suspect(|| format!("jobs of the queue {queue} were passed over"));
        }
        Ok(())
    }

    /// Looks whether entries beside a place, where a search ended, are in order: one whose key is damaged misleads searches
    /// to itself.
    pub(super) fn check_entries_around(
        &mut self,
        (set_id, at, serial): (i64, i64, i64),
    ) -> rusqlite::Result<()> {
        let sought = (set_id, at, serial);
        let mut odd = false;
        for (sql, is_before) in [(Sql::EntryBefore, true), (Sql::EntryAfter, false)] {
            let read = self.statements.get(sql)?;
            let beside = read.query_row(sought, |row| {
                let key: (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                Ok((key, super::waiting::stored_bytes(row, 3)?))
            });
            if let Some((key, bytes)) = beside.optional()? {
                let in_order = match is_before {
                    true => key <= sought,
                    false => key > sought,
                };
                odd |= !in_order || belongs_elsewhere(place_of(key), &bytes);
            }
        }
        match odd {
            true => self.suspect(|| "entries of a set are not in their order".into()),
            false => Ok(()),
        }
    }

    /// Looks whether an entry that cannot be read is where it belongs. One that can is, as its record says so.
    pub(super) fn check_entry(
        &mut self,
        key: (i64, i64, i64),
        job: &StoredJob,
    ) -> rusqlite::Result<()> {
        let Err(corrupt) = job else {
            return Ok(());
        };
        let (set_id, at, serial) = key;
        let mut beside = |sql, sought: (i64, i64, i64)| {
            let read = self.statements.get(sql)?;
            let found = read.query_row(sought, |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?)));
            found.optional()
        };
        let just_before = (set_id, at, serial.saturating_sub(1));
        let in_order = beside(Sql::EntryBefore, key)? == Some(key)
            && beside(Sql::EntryBefore, just_before)?.is_none_or(|before| before < key)
            && beside(Sql::EntryAfter, key)?.is_none_or(|after| after > key);
        if in_order && !belongs_elsewhere(place_of(key), &corrupt.bytes) {
            return Ok(());
        }
        self.suspect(|| format!("an entry is not where it belongs: it was found at {key:?}"))
    }
}

/// What is left of a queue after a claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    /// Jobs that wait and were never handed out.
    pub(super) waiting: u64,
    /// Positions from the next one that is looked at to the last that was given.
    pub(super) positions: u64,
}

/// The place of an entry.
pub(super) fn place_of((set_id, at, serial): (i64, i64, i64)) -> Place {
    Place::Entry { set_id, at, serial }
}

/// The error of a primitive that found a table out of order.
fn disorder() -> Error {
    let text = "a table is out of order".to_owned();
    Error::SqliteFailure(ffi::Error::new(ffi::SQLITE_CORRUPT_INDEX), Some(text))
}
