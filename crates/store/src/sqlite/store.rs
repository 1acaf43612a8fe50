//! Opening the database, and starting transactions on it.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::Arc;

use rusqlite::{Connection, OpenFlags};

use super::checkpointer::{Checkpointer, keep_log, keep_log_if_poisoned};
use super::found::{self, Found};
use super::interval::IntervalSync;
use super::log::Log;
use super::readers::{OpenReaders, Readers, SqliteReader};
use super::room::has_room;
use super::rows::SqliteTx;
use super::sql::STATEMENTS_MAX;
use super::sync::{Durability, SqliteSyncer};
use super::watch::Watch;
use super::{epoch, failure, mend, schema};
use crate::reading::Reader;
use crate::writer::{Poison, Writer};
use crate::{Disk, Store, StoreError};

/// The embedded store. Only one may be open on a directory at a time: it keeps rows in memory. Whoever opens
/// it sees to that.
#[derive(Debug)]
pub struct SqliteStore {
    pub(super) writer: Writer,
    pub(super) poison: Poison,
    pub(super) checkpointer: Checkpointer,
    pub(super) log: Arc<Log>,
    durability: Durability,
    /// Before the connection: the last sync comes before the file is closed.
    pub(super) interval: Option<IntervalSync>,
    pub(super) watch: Watch,
    pub(super) disk: Arc<Disk>,
    /// Before the connection, which is the last one then.
    readers: OpenReaders,
    pub(super) conn: Connection,
}

impl SqliteStore {
    /// Opens the database in `dir`, which must exist; makes it if it is not there.
    ///
    /// The time it takes does not depend on how many jobs wait.
    ///
    /// # Errors
    /// [`StoreError::Open`] if it is not a Workmill database, is of a newer version, cannot be read, or does not belong to
    /// the log beside it.
    pub fn open(dir: &Path, durability: Durability) -> Result<Self, StoreError> {
        Self::open_on(&Arc::default(), dir, durability)
    }

    /// The same, and says on `disk` what it is doing from then on.
    ///
    /// # Errors
    /// As [`SqliteStore::open`].
    pub fn open_on(
        disk: &Arc<Disk>,
        dir: &Path,
        durability: Durability,
    ) -> Result<Self, StoreError> {
        let found = found::look(dir)?;
        let path = found.paths.database.clone();
        let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
        let open_error = |error: rusqlite::Error| failure::of_open(&path, &error);
        let no_vfs = || StoreError::Open("SQLite takes no file system layer".to_owned());
        let vfs = workmill_vfs::vfs_name().ok_or_else(no_vfs)?;
        let mut conn =
            Connection::open_with_flags_and_vfs(&path, flags, vfs).map_err(open_error)?;
        conn.set_prepared_statement_cache_capacity(STATEMENTS_MAX);
        if found.log.damage.is_some() {
            check_whole(&conn, &found)?;
        }
        schema::prepare(&mut conn, &path)?;
        let poison = Poison::default();
        let writer = Writer::load(&conn, poison.clone()).map_err(open_error)?;
        sync_directory(dir)?;

        let mut checkpointer = Checkpointer::start(&mut conn, &found, &poison, disk)?;
        let log_path = &found.paths.log;
        let sync_error = |error: io::Error| {
            StoreError::Open(format!("cannot sync {}: {error}", log_path.display()))
        };
        begin_log(&conn, &mut checkpointer, &found).map_err(open_error)?;
        poison.check()?;
        let log = Arc::new(Log::open(log_path, poison.clone(), disk).map_err(sync_error)?);
        // The tables may be new.
        log.note_commit();
        log.sync()?;
        let interval = match durability {
            Durability::Always => None,
            Durability::Interval(interval) => {
                let sync = IntervalSync::start(Arc::clone(&log), interval, poison.clone());
                Some(sync.map_err(sync_error)?)
            }
        };
        let watch = Watch::start(Arc::clone(checkpointer.files())).map_err(sync_error)?;
        let files = Arc::clone(checkpointer.files());
        let readers = OpenReaders(Readers::new(path, files, poison.clone()));
        Ok(Self {
            writer,
            poison,
            checkpointer,
            log,
            durability,
            interval,
            watch,
            disk: Arc::clone(disk),
            readers,
            conn,
        })
    }
}

impl SqliteStore {
    /// Looks through the tables, puts them in order, and reads again what is in memory.
    fn put_in_order(&mut self) -> Result<(), StoreError> {
        let reason = self
            .writer
            .suspicion
            .reason()
            .unwrap_or_default()
            .to_owned();
        tracing::error!("the database is damaged and is looked through: {reason}");
        let mended = mend::mend(&mut self.conn, &self.writer.cache, &self.writer.tallies);
        self.log.note_commit();
        match mended {
            Ok(mended) => {
                self.writer.suspicion.settle(mended.is_any());
                self.writer
                    .load_anew(&self.conn)
                    .map_err(|error| self.poison.set(error.to_string()))?;
                tracing::error!("the database was looked through: {mended}");
            }
            Err(error) => {
                self.writer.suspicion.settle(false);
                tracing::error!(
                    "the database is damaged and cannot be put right: restore a backup ({})",
                    failure::text_of(&error)
                );
            }
        }
        Ok(())
    }
}

/// Reads the whole database, of which a damaged log is only a part: what was copied before, and what the log is missing, may
/// not fit together.
fn check_whole(conn: &Connection, found: &Found) -> Result<(), StoreError> {
    let path = &found.paths.database;
    let report = conn.query_row("PRAGMA quick_check(1)", (), |row| row.get::<_, String>(0));
    let reason = match report {
        Ok(report) if report == "ok" => return Ok(()),
        Ok(report) => report,
        Err(error) => error.to_string(),
    };
    // Closing would fold the log in, and the next start would know nothing of the damage.
    keep_log(conn);
    Err(StoreError::Open(format!(
        "{} lacks what its damaged log cannot give it, and is inconsistent: restore a backup, or rescue what is left with \
         the .recover command of sqlite3 ({reason}); {}",
        path.display(),
        found::HELP
    )))
}

/// Lets the log say which database it belongs to, if it does not yet.
fn begin_log(
    conn: &Connection,
    checkpointer: &mut Checkpointer,
    found: &Found,
) -> rusqlite::Result<()> {
    let epoch = epoch::read(conn)?;
    let is_new = found.log.commits == 0;
    // The server that began it may have found no room for its mark.
    if found.log.epochs.is_empty() || epoch == 0 {
        checkpointer.marks().begin(conn, epoch.wrapping_add(1));
    }
    // Behind damage, frames of this log would be taken for damage again. And how the log before a new one ended is not
    // known: other programs fold it in, too.
    if is_new || found.log.damage.is_some() {
        checkpointer.reset_log(conn);
    } else {
        checkpointer.go_on();
    }
    Ok(())
}

/// Makes the names of the database and its log survive loss of power: a synced file without a name is gone.
fn sync_directory(dir: &Path) -> Result<(), StoreError> {
    File::open(dir)
        .and_then(|dir| dir.sync_all())
        .map_err(|error| StoreError::Open(format!("cannot sync {}: {error}", dir.display())))
}

impl Store for SqliteStore {
    type Tx<'a> = SqliteTx<'a>;
    type Reader = SqliteReader;
    type Syncer = SqliteSyncer;

    fn begin(&mut self) -> Result<SqliteTx<'_>, StoreError> {
        self.poison.check()?;
        if self.writer.suspicion.is_raised() {
            self.put_in_order()?;
        }
        Ok(self.transaction())
    }

    fn syncer(&self) -> SqliteSyncer {
        SqliteSyncer::new(&self.log, self.durability)
    }

    fn wants_sync(&self) -> bool {
        self.durability == Durability::Always && self.log.is_behind()
    }

    fn reader(&self) -> SqliteReader {
        Reader::new(self.readers.0.clone())
    }

    fn close(self) -> Result<(), StoreError> {
        let Self {
            log,
            interval,
            watch,
            checkpointer,
            readers,
            conn,
            poison,
            ..
        } = self;
        // One that reads holds the log.
        drop(readers);
        // Ends the thread after its last sync.
        drop(interval);
        let synced = log.sync();
        // Before the files are closed, which somebody else may then touch.
        drop(watch);
        let index = checkpointer.files().index().to_owned();
        checkpointer.end(&conn, &log);
        keep_log_if_poisoned(&conn, &poison);
        if !has_room(&index)
            && let Err(error) = workmill_vfs::keep_index(&conn)
        {
            tracing::warn!(%error, "the next start needs space on the disk");
        }
        drop(conn);
        synced.and_then(|()| poison.check())
    }
}
