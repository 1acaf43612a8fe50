//! Checkpoints: copying the log into the database, which nobody should have to wait for.
//!
//! A thread with a connection of its own copies most of the log while commits go on. What was committed meanwhile is
//! little; the writer copies that itself, and so the log can be reset.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::epoch::{self, Guard, Marks};
use super::files::Files;
use super::found::Found;
use super::log::Log;
use super::{failure, schema};
use crate::writer::Poison;
use crate::{Disk, DiskWork, StoreError};

/// Commits after which the log is copied. In the log's index every version of a page is found by passing those before
/// it, so that the work of one more commit grows with their number.
pub(super) const CHECKPOINT_COMMITS: u32 = 512;

/// Frames after which the log is copied (16 MiB). A page changed many times meanwhile is copied once.
const CHECKPOINT_FRAMES: u32 = 4_096;

/// Frames of growth at which commits wait for the copying (256 MiB): the disk takes in less than what is written.
const FRAMES_MAX: u32 = 65_536;

/// Frames that are left to the writer to copy (4 MiB).
const FRAMES_LEFT_MAX: u32 = 1_024;

/// How often the thread copies what was committed meanwhile, before it leaves that to the writer.
const PASSES_MAX: usize = 4;

/// The statement that copies what no reader still needs, and waits for nobody.
pub(super) const CHECKPOINT: &str = "PRAGMA wal_checkpoint(PASSIVE)";

/// The same, which also waits for readers, and empties the log.
const FOLD: &str = "PRAGMA wal_checkpoint(TRUNCATE)";

/// What a commit has to do about the log.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Due {
    /// Nothing.
    Nothing,
    /// Copy the little that is left.
    Rest,
}

/// The thread that copies. Dropping it ends it.
#[derive(Debug)]
pub(super) struct Checkpointer {
    shared: Arc<Shared>,
    marks: Marks,
    /// Commits since the log was last copied, and how many frames it had then.
    commits: u32,
    frames_before: u32,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    /// Frames in the log after the last commit.
    frames: Arc<AtomicU32>,
    guard: Guard,
    files: Arc<Files>,
    poison: Poison,
    disk: Arc<Disk>,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Checkpointing,
    Copied,
    Ended,
}

impl Checkpointer {
    /// Starts the thread, for the database that was found and `writer` writes, and lets nothing else copy the log.
    pub(super) fn start(
        writer: &mut Connection,
        found: &Found,
        poison: &Poison,
        disk: &Arc<Disk>,
    ) -> Result<Self, StoreError> {
        let path = &found.paths.database;
        let open_error = |error: rusqlite::Error| failure::of_open(path, &error);
        let io_error = |error: std::io::Error| {
            StoreError::Open(format!("cannot copy into {}: {error}", path.display()))
        };
        let frames = Arc::<AtomicU32>::default();
        let noted = Arc::clone(&frames);
        let note = move |_: &mut rusqlite::hooks::Wal, frames| {
            let frames = u32::try_from(frames).unwrap_or(0);
            noted.store(frames, Ordering::Release);
            Ok(())
        };
        writer.wal_hook(Some(note)).map_err(open_error)?;
        let conn = connect(path).map_err(open_error)?;
        let guard = Guard::new(connect(path).map_err(open_error)?);
        let files = Files::open(found, Arc::clone(&frames), poison.clone()).map_err(io_error)?;
        let files = Arc::new(files);
        let marks = Marks::new(Arc::clone(&files), poison.clone());
        let shared = Arc::new(Shared {
            frames,
            guard,
            files,
            poison: poison.clone(),
            disk: Arc::clone(disk),
            state: Mutex::default(),
            changed: Condvar::new(),
        });
        let copying = Checkpointing {
            conn,
            shared: Arc::clone(&shared),
        };
        let thread = thread::Builder::new()
            .name("store-checkpoint".into())
            .spawn(move || copying.run())
            .map_err(io_error)?;
        Ok(Self {
            shared,
            marks,
            commits: 0,
            frames_before: 0,
            thread: Some(thread),
        })
    }

    /// The files it copies from and to.
    pub(super) fn files(&self) -> &Arc<Files> {
        &self.shared.files
    }

    /// Notes a commit, and has the log copied if it is time.
    pub(super) fn note_commit(&mut self) -> Due {
        self.commits += 1;
        let frames = self.shared.frames.load(Ordering::Relaxed);
        if frames < self.frames_before {
            // The log was reset.
            self.frames_before = 0;
        }
        let grown = frames - self.frames_before;
        if self.commits < CHECKPOINT_COMMITS && grown < CHECKPOINT_FRAMES {
            return Due::Nothing;
        }
        let mut state = self.shared.state();
        if *state == State::Idle {
            *state = State::Checkpointing;
            self.shared.changed.notify_all();
        }
        while *state == State::Checkpointing && grown >= FRAMES_MAX {
            state = self.shared.wait(state);
        }
        match *state {
            State::Copied => *state = State::Idle,
            State::Ended => {}
            State::Idle | State::Checkpointing => return Due::Nothing,
        }
        self.commits = 0;
        self.frames_before = frames;
        Due::Rest
    }

    /// Ends the log: marks its end, and copies what is left of it. If nothing is left then, begins the next one.
    ///
    /// Called by the writer, so that nothing is committed between these steps.
    pub(super) fn reset_log(&mut self, writer: &Connection) {
        let Shared {
            guard,
            files,
            poison,
            ..
        } = &*self.shared;
        if files.check().is_err() {
            return;
        }
        if let Some(epoch) = self.marks.end(writer) {
            guard.release();
            if note_checkpointed(epoch::checkpoint(writer), poison) == Copied::All {
                files.note_log_ended(epoch);
                self.marks.begin(writer, epoch.wrapping_add(1));
            }
        }
        guard.renew();
    }

    /// The marks of the log.
    pub(super) fn marks(&mut self) -> &mut Marks {
        &mut self.marks
    }

    /// Ends the thread. Then copies the whole log into the database and empties it, unless the store is poisoned: so the
    /// database is complete by itself.
    pub(super) fn end(self, writer: &Connection, log: &Log) {
        let (files, poison) = (Arc::clone(&self.shared.files), self.shared.poison.clone());
        let (disk, mut marks) = (Arc::clone(&self.shared.disk), self.marks.clone());
        // With the guard, which reads from the log.
        drop(self);
        if files.check().is_err() || marks.end(writer).is_none() {
            return;
        }
        // SQLite would do it, too. But so a disk that hangs is known before the copying, which may rightly take long.
        log.note_commit();
        if log.sync().is_err() {
            return;
        }
        let _turn = disk.begin(DiskWork::Copy);
        let folded = writer.query_row(FOLD, (), |row| row.get::<_, i64>(0));
        match note_checkpointed(folded.map(|busy| busy == 0), &poison) {
            Copied::Part => tracing::warn!(
                "another program reads the database: some of it stays in the log beside it, so copy both"
            ),
            Copied::All | Copied::Unknown => {}
        }
    }

    /// Lets the log go on from where it is.
    pub(super) fn go_on(&self) {
        self.shared.guard.renew();
    }

    /// Lets the log be reset at any time, as before there were epochs.
    #[cfg(test)]
    pub(super) fn release_log(&self) {
        self.shared.guard.release();
    }

    /// Waits until what was begun is copied.
    #[cfg(test)]
    pub(super) fn wait(&self) {
        let mut state = self.shared.state();
        while *state == State::Checkpointing {
            state = self.shared.wait(state);
        }
    }
}

impl Drop for Checkpointer {
    fn drop(&mut self) {
        self.shared.end();
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the log is copied when the database is closed.
            thread.join().ok();
        }
    }
}

fn connect(path: &Path) -> rusqlite::Result<Connection> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let conn = Connection::open_with_flags(path, flags)?;
    schema::configure_checkpointer(&conn)?;
    Ok(conn)
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn wait<'a>(&self, state: MutexGuard<'a, State>) -> MutexGuard<'a, State> {
        self.changed
            .wait(state)
            .unwrap_or_else(PoisonError::into_inner)
    }

    fn end(&self) {
        *self.state() = State::Ended;
        self.changed.notify_all();
    }
}

/// What the thread has.
struct Checkpointing {
    conn: Connection,
    shared: Arc<Shared>,
}

impl Checkpointing {
    fn run(self) {
        let mut state = self.shared.state();
        loop {
            match *state {
                State::Ended => break,
                State::Idle | State::Copied => state = self.shared.wait(state),
                State::Checkpointing => {
                    drop(state);
                    self.checkpoint();
                    state = self.shared.state();
                    if *state == State::Checkpointing {
                        *state = State::Copied;
                        self.shared.changed.notify_all();
                    }
                }
            }
        }
        drop(state);
        keep_log_if_poisoned(&self.conn, &self.shared.poison);
    }

    /// Copies until what was committed meanwhile is little, or there is no end to it.
    fn checkpoint(&self) {
        for _ in 0..PASSES_MAX {
            let frames = self.shared.frames.load(Ordering::Relaxed);
            self.checkpoint_once();
            let grown = self
                .shared
                .frames
                .load(Ordering::Relaxed)
                .saturating_sub(frames);
            if grown <= FRAMES_LEFT_MAX || self.shared.poison.check().is_err() {
                return;
            }
        }
    }

    fn checkpoint_once(&self) {
        let Shared {
            guard,
            files,
            poison,
            disk,
            ..
        } = &*self.shared;
        let _turn = disk.begin(DiskWork::Copy);
        if files.check().is_err() {
            return;
        }
        // Something was committed since it was renewed last, and not copied.
        guard.renew();
        note_checkpointed(epoch::checkpoint(&self.conn), poison);
        if let Err(error) = files.sync_database() {
            poison.set(format!("syncing the database failed: {error}"));
        }
    }
}

impl Drop for Checkpointing {
    fn drop(&mut self) {
        // However the thread ends, nobody may wait for it.
        self.shared.end();
    }
}

/// What of the log is in the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Copied {
    All,
    /// What others do not read any more.
    Part,
    /// The copying failed.
    Unknown,
}

/// What came of copying. A failed sync poisons: SQLite counts as copied what may never reach the disk, and a later sync
/// that succeeds proves nothing. After any other failure the log still has everything, and is copied another time.
pub(super) fn note_checkpointed(is_all: rusqlite::Result<bool>, poison: &Poison) -> Copied {
    let error = match is_all {
        Ok(true) => return Copied::All,
        Ok(false) => return Copied::Part,
        Err(error) => error,
    };
    let code = error.sqlite_error().map(|error| error.extended_code);
    if code == Some(rusqlite::ffi::SQLITE_IOERR_FSYNC) {
        poison.set(format!("syncing the database failed: {error}"));
    } else {
        let error = failure::text_of(&error);
        tracing::warn!(
            error,
            "the log could not be copied into the database and still has what is missing there"
        );
    }
    Copied::Unknown
}

/// Lets a connection of a poisoned store close without copying the log, which is all that can be relied on.
pub(super) fn keep_log_if_poisoned(conn: &Connection, poison: &Poison) {
    if poison.check().is_err() {
        keep_log(conn);
    }
}

/// Lets the log be left as it is when the connection is closed.
pub(super) fn keep_log(conn: &Connection) {
    if let Err(error) = conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true) {
        tracing::error!(%error, "the log may be copied into the database after all");
    }
}
