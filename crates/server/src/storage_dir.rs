//! The directory the data lives in, and the lease that keeps a second server out of it.

mod error;
#[cfg(test)]
mod tests;

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{mem, process};

use rustix::fs::{Access, access};
use workmill_store::sqlite::{DATABASE_FILE, missing_files};
use workmill_store::{Acquired, FileLease, Lease as _, QuietHold};

pub use error::StorageDirError;

use crate::clock;
use crate::settings::Binding;

/// Only the server's own user has any business in the directory.
const DIR_MODE: u32 = 0o700;

/// The bits of a mode that belong to the group and to others.
const GROUP_AND_OTHERS: u32 = 0o077;

/// A storage directory that is this server's alone until the value is dropped or the process ends, however that ends.
#[derive(Debug)]
pub struct StorageDir {
    path: PathBuf,
    lease: FileLease,
    warning: Option<String>,
    missing: Option<String>,
}

impl StorageDir {
    /// Makes the directory if need be, with mode 0700, and locks it. `binding` tells others where this server listens.
    pub fn open(path: &Path, binding: &Binding) -> Result<Self, StorageDirError> {
        let warning = Self::check(path)?;
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(path)
            .map_err(|source| StorageDirError::Make {
                path: path.to_owned(),
                source,
            })?;
        let mut lease = FileLease::new(path);
        let holder = format!("pid {}, {binding}", process::id());
        match lease.acquire(&holder, clock::wall())? {
            Acquired::Ours { predecessor } => Ok(Self {
                missing: missing_files(path, &predecessor),
                path: path.to_owned(),
                lease,
                warning,
            }),
            Acquired::Theirs { holder } => Err(StorageDirError::InUse {
                path: path.to_owned(),
                holder,
            }),
        }
    }

    /// Looks whether it could be opened by somebody who has it alone, without touching anything. Brings what the operator
    /// should know about it.
    pub fn check(path: &Path) -> Result<Option<String>, StorageDirError> {
        let make = |source| StorageDirError::Make {
            path: path.to_owned(),
            source,
        };
        let existing = nearest_existing(path);
        let found = existing.metadata().map_err(make)?;
        if existing != path {
            if !found.is_dir() {
                return Err(make(io::ErrorKind::NotADirectory.into()));
            }
            Use::Serve.demand(existing, Access::WRITE_OK | Access::EXEC_OK)?;
            return Ok(None);
        }
        Use::Serve.check(path, &found)?;
        let mode = found.permissions().mode();
        Ok((mode & GROUP_AND_OTHERS != 0).then(|| {
            format!(
                "the storage directory {} is open to other users of this machine (mode {:04o}); make it 0700",
                path.display(),
                mode & 0o7777
            )
        }))
    }

    /// Keeps servers out of it for as long as what this brings lives, and writes nothing.
    pub fn hold(path: &Path) -> Result<QuietHold, StorageDirError> {
        let path = path.to_owned();
        let found = match path.metadata() {
            Ok(found) => found,
            Err(error) if is_missing(&error) => return Err(StorageDirError::Missing { path }),
            Err(source) => return Err(StorageDirError::Unreadable { path, source }),
        };
        Use::Read.check(&path, &found)?;
        QuietHold::take(&path)?.map_err(|holder| StorageDirError::Served { path, holder })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The right to write in it.
    pub fn into_lease(mut self) -> FileLease {
        mem::replace(&mut self.lease, FileLease::new(&self.path))
    }

    /// What is lost of the data, as far as can be told.
    pub fn missing(&self) -> Option<&str> {
        self.missing.as_deref()
    }

    /// What the operator should know about it.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

impl Drop for StorageDir {
    /// A start that failed before it opened the database has changed nothing, so it leaves the directory as its predecessor
    /// did.
    fn drop(&mut self) {
        if let Err(error) = self.lease.undo() {
            tracing::debug!(%error, "the next start will think that this server was killed");
        }
    }
}

/// The path itself, or what is above it and will get all that is missing.
fn nearest_existing(path: &Path) -> &Path {
    path.ancestors()
        .map(|above| match above.as_os_str().is_empty() {
            true => Path::new("."),
            false => above,
        })
        .find(|above| above.symlink_metadata().is_ok())
        .unwrap_or(path)
}

fn is_missing(error: &io::Error) -> bool {
    use io::ErrorKind::{NotADirectory, NotFound};
    matches!(error.kind(), NotFound | NotADirectory)
}

/// What a directory is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Use {
    /// A server works in it.
    Serve,
    /// It is only read.
    Read,
}

impl Use {
    /// Looks whether what lies at the path can be used so, without touching anything.
    fn check(self, path: &Path, found: &Metadata) -> Result<(), StorageDirError> {
        if !found.is_dir() {
            return Err(StorageDirError::File {
                path: path.to_owned(),
            });
        }
        self.demand(path, self.rights() | Access::EXEC_OK)?;
        FileLease::check(path)?;
        let files = [FileLease::FILE, DATABASE_FILE].map(|name| path.join(name));
        for file in files.iter().filter(|file| file.exists()) {
            self.demand(file, self.rights())?;
        }
        Ok(())
    }

    /// What it takes, on the directory and on the files in it.
    fn rights(self) -> Access {
        match self {
            Self::Serve => Access::READ_OK | Access::WRITE_OK,
            Self::Read => Access::READ_OK,
        }
    }

    /// Demands that the user of this process has these rights.
    fn demand(self, path: &Path, rights: Access) -> Result<(), StorageDirError> {
        access(path, rights).map_err(|error| {
            let (path, source) = (path.to_owned(), error.into());
            match self {
                Self::Serve => StorageDirError::Denied { path, source },
                Self::Read => StorageDirError::Unreadable { path, source },
            }
        })
    }
}
