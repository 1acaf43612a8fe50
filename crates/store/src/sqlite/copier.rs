//! Copying the log into the database, which nobody should have to wait for.
//!
//! A thread with a connection of its own copies most of the log while commits go on. What was committed meanwhile is
//! little; the writer copies that itself, and so the log can begin anew.

use std::path::Path;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};

use rusqlite::Connection;

use super::{failure, schema};
use crate::StoreError;

/// Commits after which the log is copied. In the log's index every version of a page is found by passing those before
/// it, so that the work of one more commit grows with their number.
pub(super) const COPY_COMMITS: u32 = 512;

/// Frames after which the log is copied (16 MiB). A page changed many times meanwhile is copied once.
const COPY_FRAMES: u32 = 4_096;

/// Frames at which commits wait for the copying (256 MiB): the disk takes in less than what is written.
const FRAMES_MAX: u32 = 65_536;

/// The statement that copies what no reader still needs, and waits for nobody.
pub(super) const COPY: &str = "PRAGMA wal_checkpoint(PASSIVE)";

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
pub(super) struct Copier {
    shared: Arc<Shared>,
    /// Commits since the log was last copied.
    commits: u32,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    /// Frames in the log after the last commit.
    frames: AtomicU32,
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum State {
    #[default]
    Idle,
    Copying,
    Copied,
    Stopping,
}

impl Copier {
    /// Starts the thread, for the database at `path` that `writer` writes, and lets nothing else copy the log.
    pub(super) fn start(writer: &mut Connection, path: &Path) -> Result<Self, StoreError> {
        let open_error = |error: rusqlite::Error| failure::of_open(path, &error);
        let shared = Arc::<Shared>::default();
        let noted = Arc::clone(&shared);
        let note = move |_: &mut rusqlite::hooks::Wal, frames| {
            let frames = u32::try_from(frames).unwrap_or(0);
            noted.frames.store(frames, Ordering::Relaxed);
            Ok(())
        };
        writer.wal_hook(Some(note)).map_err(open_error)?;
        let copying = Connection::open(path).map_err(open_error)?;
        schema::configure_copier(&copying).map_err(open_error)?;
        let thread = thread::Builder::new().name("store-copy".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(&copying)
        });
        let thread =
            thread.map_err(|error| StoreError::Open(format!("cannot start a thread: {error}")))?;
        Ok(Self {
            shared,
            commits: 0,
            thread: Some(thread),
        })
    }

    /// Notes a commit, and has the log copied if it is time.
    pub(super) fn note_commit(&mut self) -> Due {
        self.commits += 1;
        let frames = self.shared.frames.load(Ordering::Relaxed);
        if self.commits < COPY_COMMITS && frames < COPY_FRAMES {
            return Due::Nothing;
        }
        let mut state = self.shared.state();
        if *state == State::Idle {
            *state = State::Copying;
            self.shared.changed.notify_all();
        }
        while *state == State::Copying && frames >= FRAMES_MAX {
            state = self.shared.wait(state);
        }
        if *state != State::Copied {
            return Due::Nothing;
        }
        *state = State::Idle;
        self.commits = 0;
        Due::Rest
    }

    /// Waits until what was begun is copied.
    #[cfg(test)]
    pub(super) fn wait(&self) {
        let mut state = self.shared.state();
        while *state == State::Copying {
            state = self.shared.wait(state);
        }
    }
}

impl Drop for Copier {
    fn drop(&mut self) {
        *self.shared.state() = State::Stopping;
        self.shared.changed.notify_all();
        if let Some(thread) = self.thread.take() {
            // If it has panicked, the log is copied when the database is closed.
            thread.join().ok();
        }
    }
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

    fn run(&self, conn: &Connection) {
        let mut state = self.state();
        loop {
            match *state {
                State::Stopping => return,
                State::Idle | State::Copied => state = self.wait(state),
                State::Copying => {
                    drop(state);
                    let copied = conn.query_row(COPY, (), |_| Ok(()));
                    if let Err(error) = copied {
                        // Nothing is lost: what is committed is in the log, and copied another time.
                        tracing::warn!(%error, "the log could not be copied into the database");
                    }
                    state = self.state();
                    if *state == State::Copying {
                        *state = State::Copied;
                        self.changed.notify_all();
                    }
                }
            }
        }
    }
}
