//! The number by which a database and a log are known to belong together.
//!
//! SQLite applies whatever log it finds to whatever database it lies beside: a restored backup with the log of another time
//! becomes a mixture of both. A log may only be applied to the state it was begun on, or to one that has some of the log
//! already. So each such state has a number of its own, the *epoch*, in the header of the database (`user_version`), where it
//! can be read without SQLite:
//!
//! - The last transaction of a log sets the epoch to a random number; then all of the log is copied into the database. So
//!   no other state, such as a backup made before, has the epoch at which the next log begins.
//! - The first transaction of a log sets the epoch to the next number. So the log says on which epoch it was begun.
//!
//! A log belongs to a database whose epoch is the one before its first, or any that it sets itself: then part of it was
//! copied. Wherever a crash falls between these steps, this holds. It says nothing about logs without an epoch, which another
//! program began. One whose first transaction could not be set its epoch, as on a full disk, gets it with one of the next, and
//! before that of its end, which alone would belong to nothing.
//!
//! A log is reset by itself as soon as it is copied completely and nobody reads from it. The [`Guard`] keeps that from
//! happening at any other time.

use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::Connection;

use super::checkpointer::CHECKPOINT;
use super::failure::{self, CommitFailure};
use super::files::Files;
use super::wal::LogContents;
use crate::StoreError;
use crate::writer::Poison;

/// Whether a log may be applied to a database of this epoch.
pub(super) fn belong_together(database: u32, log: &LogContents) -> bool {
    let is_first = |first: &u32| database.wrapping_add(1) == *first;
    log.epochs.first().is_none_or(is_first) || log.epochs.contains(&database)
}

/// The epoch as of the last commit.
pub(super) fn read(conn: &Connection) -> rusqlite::Result<u32> {
    // Not by rusqlite's functions for pragmas: before each, they read the list of all pragmas.
    let version: i32 = conn.query_row("PRAGMA user_version", (), |row| row.get(0))?;
    Ok(version.cast_unsigned())
}

/// Sets the epoch in a transaction of its own.
pub(super) fn set(conn: &Connection, epoch: u32) -> rusqlite::Result<()> {
    conn.execute_batch(&format!("PRAGMA user_version = {}", epoch.cast_signed()))
}

/// A number that no other log has had.
pub(super) fn draw(conn: &Connection) -> rusqlite::Result<u32> {
    // Below the largest, so that there is a next one, and above those that databases had before there were epochs.
    conn.query_row("SELECT 2 + abs(random() % 4294967290)", (), |row| {
        row.get(0)
    })
}

/// A reader without an end: as long as it reads from the log, the log cannot start over.
#[derive(Debug)]
pub(super) struct Guard(Mutex<Connection>);

impl Guard {
    pub(super) fn new(conn: Connection) -> Self {
        Self(Mutex::new(conn))
    }

    /// Reads the last commit from now on. Something of the log must not have been copied.
    pub(super) fn renew(&self) {
        let conn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let read = end(&conn).and_then(|()| {
            conn.execute_batch("BEGIN")?;
            read(&conn)
        });
        if let Err(error) = read {
            tracing::warn!(%error, "the log may start over at any time");
        }
    }

    /// Reads no more.
    pub(super) fn release(&self) {
        let conn = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Err(error) = end(&conn) {
            tracing::warn!(%error, "the log cannot start over");
        }
    }
}

fn end(conn: &Connection) -> rusqlite::Result<()> {
    match conn.is_autocommit() {
        true => Ok(()),
        false => conn.execute_batch("COMMIT"),
    }
}

/// The epochs at the beginning and the end of the log.
#[derive(Clone, Debug)]
pub(super) struct Marks {
    files: Arc<Files>,
    poison: Poison,
    /// What this log is to begin with, as long as it does not.
    beginning: Option<u32>,
}

impl Marks {
    pub(super) fn new(files: Arc<Files>, poison: Poison) -> Self {
        Self {
            files,
            poison,
            beginning: None,
        }
    }

    /// Commits the epoch that this log begins with. If that fails, [`Self::catch_up`] does it.
    pub(super) fn begin(&mut self, writer: &Connection, epoch: u32) {
        if let Err(error) = self.set(writer, epoch) {
            tracing::warn!(%error, "the log does not say yet which database it belongs to");
            self.beginning = Some(epoch);
        }
    }

    /// Commits the epoch that this log should have begun with, if it has not. False if that fails.
    pub(super) fn catch_up(&mut self, writer: &Connection) -> bool {
        let Some(epoch) = self.beginning else {
            return true;
        };
        let is_set = self.set(writer, epoch).is_ok();
        if is_set {
            self.beginning = None;
        }
        is_set
    }

    /// Commits the epoch that only the end of this log has. None if that failed: then the log goes on.
    pub(super) fn end(&mut self, writer: &Connection) -> Option<u32> {
        if !self.catch_up(writer) {
            return None;
        }
        let drawn = draw(writer).map_err(|error| failure::of_statement(&error));
        match drawn.and_then(|epoch| self.set(writer, epoch).map(|()| epoch)) {
            Ok(epoch) => Some(epoch),
            Err(error) => {
                tracing::warn!(%error, "the log goes on, as its end could not be marked");
                None
            }
        }
    }

    /// A failure means what that of any other commit does.
    fn set(&self, writer: &Connection, epoch: u32) -> Result<(), StoreError> {
        self.files.note_epoch(epoch);
        set(writer, epoch).map_err(|error| match failure::of_commit(&error) {
            CommitFailure::NotCommitted(error) => error,
            CommitFailure::Unknown(reason) => self.poison.set(reason),
        })
    }
}

/// Copies the log. Tells whether nothing of it is left to be copied.
pub(super) fn checkpoint(conn: &Connection) -> rusqlite::Result<bool> {
    conn.query_row(CHECKPOINT, (), |row| {
        let (busy, frames, copied): (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
        Ok(busy == 0 && frames == copied)
    })
}
