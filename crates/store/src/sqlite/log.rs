//! The write-ahead log as a file that is synced apart from its commits.

use std::fs::File;
use std::io;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use crate::writer::Poison;
use crate::{Disk, DiskWork, StoreError};

/// The log. SQLite only writes it at a COMMIT; before it copies the log into the database it syncs it by
/// itself, and the first header of a log that starts over too, so that the order on disk is always right.
///
/// It has a file descriptor of its own. Closing one drops every POSIX lock the process holds on that file;
/// SQLite's are on the database and the `-shm` file, never on the `-wal` file, so this is safe for that
/// file and for no other.
#[derive(Debug)]
pub(super) struct Log {
    file: File,
    /// Something was committed since the last sync began.
    behind: AtomicBool,
    /// Held while it is synced: whoever finds nothing to sync must know that it has been, not that it will be.
    syncing: Mutex<()>,
    poison: Poison,
    disk: Arc<Disk>,
}

impl Log {
    /// Opens the log at `path`, which must exist.
    pub(super) fn open(path: &Path, poison: Poison, disk: &Arc<Disk>) -> io::Result<Self> {
        Ok(Self {
            file: File::open(path)?,
            behind: AtomicBool::new(false),
            syncing: Mutex::new(()),
            poison,
            disk: Arc::clone(disk),
        })
    }

    /// Says that there is something to sync.
    pub(super) fn note_commit(&self) {
        self.behind.store(true, Ordering::Release);
    }

    /// Whether something was committed since the last sync began.
    pub(super) fn is_behind(&self) -> bool {
        self.behind.load(Ordering::Acquire)
    }

    /// Makes what was committed before the call survive loss of power. A failure poisons the store.
    pub(super) fn sync(&self) -> Result<(), StoreError> {
        self.sync_as(DiskWork::Sync)
    }

    /// The same, if it is known for what.
    pub(super) fn sync_as(&self, work: DiskWork) -> Result<(), StoreError> {
        let _syncing = self.syncing.lock().unwrap_or_else(PoisonError::into_inner);
        self.poison.check()?;
        let _turn = self.disk.begin(work);
        if self.behind.swap(false, Ordering::AcqRel)
            && let Err(error) = self.file.sync_data()
        {
            // What the kernel failed to write it may forget: a second sync that succeeds proves nothing.
            return Err(self.poison.set(format!("syncing the log failed: {error}")));
        }
        Ok(())
    }
}
