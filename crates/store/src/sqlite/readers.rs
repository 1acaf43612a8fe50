//! Connections for reading: a few, opened when they are needed.
//!
//! They never write and make no file. Each read is one transaction and short, as the log cannot start over while it lasts.

use std::path::PathBuf;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::files::Files;
use super::snapshot::SqliteSnapshot;
use super::{failure, schema};
use crate::StoreError;
use crate::reading::{Reader, Snapshots};
use crate::writer::Poison;

/// How many threads can read at a time; others wait for them.
pub const READERS_MAX: usize = 4;

/// How long closing waits for reads to end: they do by themselves long before, unless the disk hangs.
const CLOSE_WAIT: Duration = Duration::from_secs(2);

/// Reads a [`SqliteStore`](super::SqliteStore) from any thread, as long as it is open.
pub type SqliteReader = Reader<Readers>;

/// The connections for reading of a store.
#[derive(Clone, Debug)]
pub struct Readers(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    path: PathBuf,
    files: Arc<Files>,
    poison: Poison,
    pool: Mutex<Pool>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Pool {
    idle: Vec<Connection>,
    busy: usize,
    closed: bool,
}

impl Readers {
    pub(super) fn new(path: PathBuf, files: Arc<Files>, poison: Poison) -> Self {
        Self(Arc::new(Shared {
            path,
            files,
            poison,
            pool: Mutex::default(),
            changed: Condvar::new(),
        }))
    }

    /// Waits for the reads that go on, closes all connections and lets nobody read any more.
    pub(super) fn close(&self) {
        let mut pool = self.0.lock();
        pool.closed = true;
        pool.idle.clear();
        self.0.changed.notify_all();
        // If it takes longer, the log is left beside the database, which is complete with it.
        drop(
            self.0
                .changed
                .wait_timeout_while(pool, CLOSE_WAIT, |pool| pool.busy > 0),
        );
    }
}

/// Closes them when it is dropped.
#[derive(Debug)]
pub(super) struct OpenReaders(pub(super) Readers);

impl Drop for OpenReaders {
    fn drop(&mut self) {
        self.0.close();
    }
}

impl Snapshots for Readers {
    type Snapshot<'a> = SqliteSnapshot<'a>;

    fn read<T>(
        &self,
        read: impl FnOnce(&mut SqliteSnapshot<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.0.poison.check()?;
        let lent = Lent::take(&self.0)?;
        let of_statement = |error: rusqlite::Error| failure::of_statement(&error);
        // It is rolled back in any case: nothing was written.
        let transaction = lent.conn()?.unchecked_transaction().map_err(of_statement)?;
        read(&mut SqliteSnapshot::new(&transaction))
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn open(&self) -> Result<Connection, StoreError> {
        // Its name must still lead to the file that is written.
        self.files.check()?;
        let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let opened = Connection::open_with_flags(&self.path, flags).and_then(|conn| {
            schema::configure_reader(&conn)?;
            // The writer folds the log in, when it is known to be whole.
            conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
            Ok(conn)
        });
        opened.map_err(|error| failure::of_statement(&error))
    }
}

/// A connection that one thread has. It goes back when it is dropped.
struct Lent<'a> {
    shared: &'a Shared,
    conn: Option<Connection>,
}

impl<'a> Lent<'a> {
    fn take(shared: &'a Shared) -> Result<Self, StoreError> {
        let pool = shared.lock();
        let mut pool = shared
            .changed
            .wait_while(pool, |pool| !pool.closed && pool.busy >= READERS_MAX)
            .unwrap_or_else(PoisonError::into_inner);
        if pool.closed {
            return Err(StoreError::Statement("the store is closed".into()));
        }
        pool.busy += 1;
        let idle = pool.idle.pop();
        drop(pool);
        let mut lent = Self { shared, conn: idle };
        if lent.conn.is_none() {
            lent.conn = Some(shared.open()?);
        }
        Ok(lent)
    }

    fn conn(&self) -> Result<&Connection, StoreError> {
        let none = || StoreError::Statement("no connection for reading".into());
        self.conn.as_ref().ok_or_else(none)
    }
}

impl Drop for Lent<'_> {
    fn drop(&mut self) {
        let mut pool = self.shared.lock();
        pool.busy -= 1;
        if !pool.closed {
            pool.idle.extend(self.conn.take());
        }
        // Before anybody is told that it is free.
        self.conn = None;
        self.shared.changed.notify_all();
    }
}
