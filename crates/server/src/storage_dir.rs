//! The directory the data lives in, and the lock that keeps a second server out of it.

use std::fs::{DirBuilder, File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process;

use crate::settings::Binding;

/// The name of the lock file in the storage directory.
const LOCK_FILE: &str = "workmill.lock";

/// Only the server's own user has any business in the directory or with the lock.
const DIR_MODE: u32 = 0o700;
const LOCK_MODE: u32 = 0o600;

/// The bits of a mode that belong to the group and to others.
const GROUP_AND_OTHERS: u32 = 0o077;

/// Bytes read of a lock file that another server holds.
const HOLDER_BYTES_MAX: u64 = 1_024;

/// A storage directory that is this server's alone until the value is dropped or the process ends, however that ends.
#[derive(Debug)]
pub struct StorageDir {
    path: PathBuf,
    /// The lock goes with the open file; the file itself stays, since removing it would race with the next server.
    _lock: File,
    warning: Option<String>,
}

/// Why the storage directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageDirError {
    /// There is something else at its place.
    #[error("the storage directory {} is a file; name a directory with -d", path.display())]
    File {
        /// Which.
        path: PathBuf,
    },
    /// It does not exist and cannot be made.
    #[error("cannot make the storage directory {}; name another one with -d", path.display())]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The lock file cannot be opened, locked or written.
    #[error("cannot lock the storage directory with {}", path.display())]
    Lock {
        /// The lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Another server uses it.
    #[error("the storage directory {} is in use by another server ({holder}); stop that one first, or name another directory with -d", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
        /// What the lock file says about that server: its pid and where it listens.
        holder: String,
    },
}

impl StorageDir {
    /// Makes the directory if need be, with mode 0700, and locks it. `binding` tells others where this server listens.
    pub fn open(path: &Path, binding: &Binding) -> Result<Self, StorageDirError> {
        let make = |source| StorageDirError::Make {
            path: path.to_owned(),
            source,
        };
        if path.exists() && !path.is_dir() {
            return Err(StorageDirError::File {
                path: path.to_owned(),
            });
        }
        DirBuilder::new()
            .recursive(true)
            .mode(DIR_MODE)
            .create(path)
            .map_err(make)?;
        let mode = path.metadata().map_err(make)?.permissions().mode();
        let warning = (mode & GROUP_AND_OTHERS != 0).then(|| {
            format!(
                "the storage directory {} is open to other users of this machine (mode {:04o}); make it 0700",
                path.display(),
                mode & 0o7777
            )
        });
        let lock = lock(path, &format!("pid {}, {binding}", process::id()))?;
        Ok(Self {
            path: path.to_owned(),
            _lock: lock,
            warning,
        })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// What the operator should know about it.
    pub fn warning(&self) -> Option<&str> {
        self.warning.as_deref()
    }
}

fn lock(dir: &Path, holder: &str) -> Result<File, StorageDirError> {
    let path = dir.join(LOCK_FILE);
    let failed = |source| StorageDirError::Lock {
        path: path.clone(),
        source,
    };
    let mut file = OpenOptions::new()
        .read(true)
        .write(true)
        .create(true)
        .truncate(false)
        .mode(LOCK_MODE)
        .open(&path)
        .map_err(failed)?;
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(StorageDirError::InUse {
                path: dir.to_owned(),
                holder: read_holder(&file),
            });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).map_err(failed)?;
    file.write_all(holder.as_bytes()).map_err(failed)?;
    Ok(file)
}

fn read_holder(file: &File) -> String {
    let mut text = Vec::new();
    let read = file.take(HOLDER_BYTES_MAX).read_to_end(&mut text);
    let text = String::from_utf8_lossy(&text);
    // Another server that has locked the file has perhaps not yet written into it.
    match (read, text.trim()) {
        (Err(_), _) | (_, "") => String::from("pid unknown"),
        (Ok(_), holder) => holder.escape_debug().to_string(),
    }
}

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};

    use super::*;

    fn binding() -> Binding {
        Binding::parse("localhost:7419").unwrap()
    }

    fn mode(path: &Path) -> u32 {
        path.metadata().unwrap().permissions().mode() & 0o7777
    }

    #[test]
    fn missing_directory_is_made_for_its_owner_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("a/b");
        let dir = StorageDir::open(&path, &binding()).unwrap();
        assert_eq!(dir.path(), path);
        assert_eq!(mode(&path), 0o700);
        assert_eq!(mode(&path.join(LOCK_FILE)), 0o600);
        assert_eq!(dir.warning(), None);
    }

    #[test]
    fn directory_that_others_can_enter_is_warned_about() {
        let root = tempfile::tempdir().unwrap();
        fs::set_permissions(root.path(), Permissions::from_mode(0o750)).unwrap();
        let dir = StorageDir::open(root.path(), &binding()).unwrap();
        let warning = dir.warning().unwrap();
        assert!(warning.contains("(mode 0750); make it 0700"), "{warning}");
        assert_eq!(
            mode(root.path()),
            0o750,
            "what the operator made is left as it is"
        );
    }

    #[test]
    fn second_server_is_told_who_holds_the_directory() {
        let root = tempfile::tempdir().unwrap();
        let first = StorageDir::open(root.path(), &binding()).unwrap();
        let error = StorageDir::open(root.path(), &binding())
            .unwrap_err()
            .to_string();
        let holder = format!("(pid {}, localhost:7419)", process::id());
        assert!(error.contains(&holder) && error.contains("-d"), "{error}");
        drop(first);
        StorageDir::open(root.path(), &binding()).unwrap();
    }

    #[test]
    fn longer_text_of_an_earlier_holder_is_gone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(LOCK_FILE), "x".repeat(500)).unwrap();
        let _held = StorageDir::open(root.path(), &binding()).unwrap();
        let text = fs::read_to_string(root.path().join(LOCK_FILE)).unwrap();
        assert_eq!(text, format!("pid {}, localhost:7419", process::id()));
    }

    #[test]
    fn path_that_is_a_file_is_refused() {
        let root = tempfile::tempdir().unwrap();
        let path = root.path().join("file");
        fs::write(&path, "").unwrap();
        let error = StorageDir::open(&path, &binding()).unwrap_err();
        assert!(matches!(error, StorageDirError::File { .. }), "{error:?}");
        let error = StorageDir::open(&path.join("below"), &binding()).unwrap_err();
        assert!(matches!(error, StorageDirError::Make { .. }), "{error:?}");
    }
}
