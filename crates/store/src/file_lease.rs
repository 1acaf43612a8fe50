//! A lease on a directory: locks of the operating system, which frees them when the process ends, however that ends.

mod quiet;
#[cfg(test)]
mod tests;

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use workmill_proto::Timestamp;

pub use quiet::QuietHold;

use crate::lease::{Acquired, Lease, LeaseError, Predecessor, Resign};

/// Only the server's own user has any business with the lock.
const LOCK_MODE: u32 = 0o600;

/// Bytes read of a lock file that another server holds.
const HOLDER_BYTES_MAX: u64 = 1_024;

/// What stands in the file instead of a holder when that one has resigned.
const RESIGNED: &str = "stopped";

/// Ends every text, so that those of versions before are told apart, which did not say that they resigned.
const END_OF_TEXT: char = '\n';

/// The lease on a storage directory.
#[derive(Debug)]
pub struct FileLease {
    dir: PathBuf,
    held: Option<Held>,
}

/// The locks go with what is open. The directory's is the one that counts: it cannot be deleted while there are files in it.
/// The file stays, since removing it would race with the next server.
#[derive(Debug)]
struct Held {
    _dir: File,
    file: File,
    /// What was in the file before.
    found: String,
}

impl FileLease {
    /// The name of the file in the directory that says which server uses it. Servers before the directory itself was
    /// locked lock this file.
    pub const FILE: &str = "workmill.lock";

    /// Looks whether its file could be made or used in this directory, without touching anything.
    pub fn check(dir: &Path) -> Result<(), LeaseError> {
        refuse_links(&dir.join(Self::FILE))
    }

    /// A contender for a directory, which must be there.
    pub fn new(dir: &Path) -> Self {
        Self {
            dir: dir.to_owned(),
            held: None,
        }
    }

    /// Gives it up as if it had never been taken: nothing was written to the store.
    pub fn undo(&mut self) -> Result<(), LeaseError> {
        self.leave(|found| found.to_owned())
    }

    /// Lets go of it, and leaves a text in the file that is made of the one found there.
    fn leave(&mut self, text: impl FnOnce(&str) -> String) -> Result<(), LeaseError> {
        let Some(Held {
            mut file, found, ..
        }) = self.held.take()
        else {
            return Ok(());
        };
        let path = self.dir.join(Self::FILE);
        match write_text(&mut file, &text(&found)).and_then(|()| file.sync_all()) {
            Err(error) if is_full(&error) => {
                tracing::warn!(
                    "the disk is full: {} does not say how the server ended",
                    path.display()
                );
                Ok(())
            }
            written => written.map_err(|source| LeaseError::Lock { path, source }),
        }
    }
}

impl Lease for FileLease {
    /// Locks the directory and the file in it, and writes into the file who holds them.
    fn acquire(&mut self, holder: &str, _now: Timestamp) -> Result<Acquired, LeaseError> {
        if let Some(held) = &self.held {
            let predecessor = predecessor(&held.found);
            return Ok(Acquired::Ours { predecessor });
        }
        Self::check(&self.dir)?;
        let path = self.dir.join(Self::FILE);
        let failed = |path: &Path, source| LeaseError::Lock {
            path: path.to_owned(),
            source,
        };
        let dir = File::open(&self.dir).map_err(|error| failed(&self.dir, error))?;
        let is_free = try_lock(&dir).map_err(|error| failed(&self.dir, error))?;
        let mut file = open_lock_file(&path).map_err(|error| failed(&path, error))?;
        let found = read_text(&file);
        if !is_free || !try_lock(&file).map_err(|error| failed(&path, error))? {
            let holder = holder_in(&found);
            return Ok(Acquired::Theirs { holder });
        }
        match write_text(&mut file, &format!("{holder}{END_OF_TEXT}")) {
            // What counts is the lock, and on a full disk a server can still hand out jobs.
            Err(error) if is_full(&error) => tracing::warn!(
                "the disk is full: {} does not say which server uses the directory",
                path.display()
            ),
            written => written.map_err(|error| failed(&path, error))?,
        }
        let predecessor = predecessor(&found);
        self.held = Some(Held {
            _dir: dir,
            file,
            found,
        });
        Ok(Acquired::Ours { predecessor })
    }

    fn lasts(&self) -> Duration {
        Duration::ZERO
    }
}

impl Resign for FileLease {
    fn resign(&mut self) -> Result<(), LeaseError> {
        self.leave(|_| format!("{RESIGNED}{END_OF_TEXT}"))
    }
}

fn open_lock_file(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(LOCK_MODE)
        .custom_flags(OFlags::NOFOLLOW.bits().cast_signed())
        .open(path)
}

/// Writes over the text before and cuts off what is left of that: on a full disk there is room for the one in the place of the
/// other, and whoever is killed between the two has left a first line that is right.
fn write_text(file: &mut File, text: &str) -> io::Result<()> {
    file.set_permissions(Permissions::from_mode(LOCK_MODE))?;
    file.rewind()?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)
}

fn is_full(error: &io::Error) -> bool {
    use io::ErrorKind::{QuotaExceeded, StorageFull};
    matches!(error.kind(), StorageFull | QuotaExceeded)
}

/// Refuses a name that leads to another file, or to what is no file.
fn refuse_links(path: &Path) -> Result<(), LeaseError> {
    let what = match path.symlink_metadata() {
        Ok(found) if found.is_symlink() => "a symbolic link",
        Ok(found) if !found.is_file() => "no file",
        // If it cannot be looked at, to open it says why.
        Ok(_) | Err(_) => return Ok(()),
    };
    Err(LeaseError::NoFile {
        path: path.to_owned(),
        what,
    })
}

/// False if another server has it.
fn try_lock(file: &File) -> io::Result<bool> {
    match file.try_lock() {
        Ok(()) => Ok(true),
        Err(TryLockError::WouldBlock) => Ok(false),
        Err(TryLockError::Error(error)) => Err(error),
    }
}

/// What the text of the file says of the server that has it.
fn holder_in(text: &str) -> String {
    match text.lines().next().unwrap_or_default().trim() {
        // It has perhaps not yet written into it.
        "" => "pid unknown".to_owned(),
        holder => holder.escape_debug().to_string(),
    }
}

/// What the file says of the server that locked it last; nothing if it cannot be read.
fn read_text(file: &File) -> String {
    let mut text = Vec::new();
    match file.take(HOLDER_BYTES_MAX).read_to_end(&mut text) {
        Ok(_) => String::from_utf8_lossy(&text).into_owned(),
        Err(_) => String::new(),
    }
}

/// What became of the one that wrote this into the file.
fn predecessor(text: &str) -> Predecessor {
    match text.split_once(END_OF_TEXT) {
        None if text.is_empty() => Predecessor::Nobody,
        None | Some((RESIGNED, _)) => Predecessor::Resigned,
        Some((holder, _)) => Predecessor::Vanished {
            holder: holder.trim().escape_debug().to_string(),
        },
    }
}
