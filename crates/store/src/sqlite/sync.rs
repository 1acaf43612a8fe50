//! When what was committed reaches the disk.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::poison::Poison;

/// What a commit that returned has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Loss of power: every commit syncs before it returns.
    Always,
    /// The end of the process at once, and loss of power once this time has passed: a thread syncs what was
    /// committed since. A power cut may take the last commits, never the middle of one.
    Interval(Duration),
}

/// The thread that syncs the write-ahead log at intervals. Dropping it syncs one last time.
///
/// It has a file descriptor of its own. Closing one drops every POSIX lock the process holds on that file;
/// SQLite's are on the database and the `-shm` file, never on the `-wal` file, so this is safe for that
/// file and for no other.
#[derive(Debug)]
pub(super) struct Syncer {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug)]
struct Shared {
    committed: AtomicBool,
    stop: Mutex<bool>,
    stopping: Condvar,
    poison: Poison,
}

impl Syncer {
    /// Starts the thread for the log at `log_path`, which must exist.
    pub(super) fn start(log_path: &Path, interval: Duration, poison: Poison) -> io::Result<Self> {
        let log = File::open(log_path)?;
        let shared = Arc::new(Shared {
            committed: AtomicBool::new(false),
            stop: Mutex::new(false),
            stopping: Condvar::new(),
            poison,
        });
        let thread = thread::Builder::new().name("store-sync".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(&log, interval)
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
        })
    }

    /// Says that there is something to sync.
    pub(super) fn note_commit(&self) {
        self.shared.committed.store(true, Ordering::Release);
    }
}

impl Drop for Syncer {
    fn drop(&mut self) {
        *self
            .shared
            .stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stopping.notify_all();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            self.shared.poison.set("the syncing thread panicked".into());
        }
    }
}

impl Shared {
    fn run(&self, log: &File, interval: Duration) {
        let mut stopped = false;
        while !stopped {
            let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
            let (stop, _) = self
                .stopping
                .wait_timeout_while(stop, interval, |stop| !*stop)
                .unwrap_or_else(PoisonError::into_inner);
            stopped = *stop;
            drop(stop);
            if self.committed.swap(false, Ordering::AcqRel)
                && let Err(error) = log.sync_data()
            {
                // What the kernel failed to write it may forget: a second sync that succeeds proves nothing.
                self.poison.set(format!("syncing the log failed: {error}"));
                return;
            }
        }
    }
}
