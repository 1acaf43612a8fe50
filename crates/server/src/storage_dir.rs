//! The directory the data lives in, and the lease that keeps a second server out of it.

use std::fs::{DirBuilder, Metadata};
use std::io;
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::{mem, process};

use rustix::fs::{Access, access};
use workmill_store::sqlite::{DATABASE_FILE, missing_files};
use workmill_store::{Acquired, FileLease, Lease as _, LeaseError, QuietHold};

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

/// Why the storage directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageDirError {
    /// There is something else at its place.
    #[error("the storage directory {} is a file; name a directory with -d", path.display())]
    File {
        /// Which.
        path: PathBuf,
    },
    /// It does not exist, and is only to be read.
    #[error("there is no storage directory {}; name the one of the server with -d", path.display())]
    Missing {
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
    /// The server's user has not the rights that it needs, or the file system is read-only.
    #[error("the server cannot write to {}; give its user the right to, or name another directory with -d", path.display())]
    Denied {
        /// The directory, the one that it would have to be made in, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Whoever only reads it has not the right to.
    #[error("cannot read {}; run this as the server's user, or name another directory with -d", path.display())]
    Unreadable {
        /// The directory, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be locked.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Another server uses it.
    #[error("the storage directory {} is in use by another server ({holder}); stop that one first, or name another directory with -d", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
        /// What the lock file says about that server: its pid and where it listens.
        holder: String,
    },
    /// A server uses it, and it is to be read without one.
    #[error("the storage directory {} is in use by a server ({holder}); stop that one first, or check a copy", path.display())]
    Served {
        /// Which.
        path: PathBuf,
        /// As of [`InUse`](Self::InUse).
        holder: String,
    },
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

#[cfg(test)]
mod tests {
    use std::fs::{self, Permissions};
    use std::os::unix::fs::symlink;

    use rustix::process::geteuid;
    use rustix::thread::{Uid, set_thread_res_uid};

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
        assert_eq!(mode(&path.join(FileLease::FILE)), 0o600);
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
        drop(first.into_lease());
        StorageDir::open(root.path(), &binding()).unwrap();
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

    #[test]
    fn what_could_not_be_opened_is_told_without_making_anything() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join("file");
        fs::write(&file, "").unwrap();
        let link = root.path().join("link");
        symlink(root.path().join("nothing"), &link).unwrap();
        let of_file = StorageDir::check(&file).unwrap_err();
        assert!(
            matches!(of_file, StorageDirError::File { .. }),
            "{of_file:?}"
        );
        for path in [file.join("a/b"), link.clone(), link.join("a")] {
            let error = StorageDir::check(&path).unwrap_err();
            assert!(matches!(error, StorageDirError::Make { .. }), "{error:?}");
        }
        let missing = root.path().join("a/b");
        assert_eq!(StorageDir::check(&missing).unwrap(), None);
        assert_eq!(StorageDir::check(Path::new("not-here")).unwrap(), None);
        let held = StorageDir::open(&root.path().join("held"), &binding()).unwrap();
        assert_eq!(StorageDir::check(held.path()).unwrap(), None);
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 3);
    }

    #[test]
    fn what_is_only_read_is_told_apart_and_left_alone() {
        let root = tempfile::tempdir().unwrap();
        let path = |name| root.path().join(name);
        let [file, empty, served] = ["file", "empty", "served"].map(path);
        fs::write(&file, "").unwrap();
        fs::create_dir(&empty).unwrap();
        symlink(path("nothing"), path("link")).unwrap();
        for missing in [
            path("none"),
            file.join("below"),
            path("none/below"),
            path("link"),
        ] {
            let error = StorageDir::hold(&missing).unwrap_err();
            let told = format!("there is no storage directory {};", missing.display());
            assert!(error.to_string().starts_with(&told), "{error}");
        }
        let error = StorageDir::hold(&file).unwrap_err();
        assert!(matches!(error, StorageDirError::File { .. }), "{error:?}");
        let server = StorageDir::open(&served, &binding()).unwrap();
        let error = StorageDir::hold(&served).unwrap_err();
        assert!(matches!(error, StorageDirError::Served { .. }), "{error:?}");
        drop(server);
        StorageDir::hold(&served).unwrap();
        StorageDir::hold(&empty).unwrap();
        assert_eq!(fs::read_dir(&empty).unwrap().count(), 0);
    }

    /// Runs this in a thread that has the rights of nobody, or the test's own if these are not all.
    fn without_rights<T: Send>(run: impl FnOnce() -> T + Send) -> T {
        let run = || {
            if geteuid().is_root() {
                let nobody = Uid::from_raw(65_534);
                set_thread_res_uid(nobody, nobody, nobody).unwrap();
            }
            run()
        };
        std::thread::scope(|scope| scope.spawn(run).join().unwrap())
    }

    #[test]
    fn directory_that_cannot_be_written_to_is_told_by_name() {
        let root = tempfile::tempdir().unwrap();
        let set_mode =
            |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let [closed, open] = ["closed", "open"].map(|name| {
            let dir = root.path().join(name);
            fs::create_dir(&dir).unwrap();
            dir
        });
        let database = open.join(DATABASE_FILE);
        fs::write(&database, "").unwrap();
        for (path, mode) in [
            (&database, 0o444),
            (&closed, 0o555),
            (&open, 0o777),
            (&root.path().to_owned(), 0o755),
        ] {
            set_mode(path, mode);
        }
        for (path, named) in [
            (closed.clone(), &closed),
            (closed.join("a/b"), &closed),
            (open, &database),
        ] {
            for error in without_rights(|| {
                [
                    StorageDir::check(&path).unwrap_err(),
                    StorageDir::open(&path, &binding()).unwrap_err(),
                ]
            }) {
                let told = format!("the server cannot write to {};", named.display());
                assert!(error.to_string().starts_with(&told), "{error}");
            }
        }
        set_mode(&closed, 0o755);
    }

    #[test]
    fn what_cannot_be_read_is_told_by_name_and_need_not_be_written() {
        let root = tempfile::tempdir().unwrap();
        let set_mode =
            |path: &Path, mode| fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
        let [closed, locked, read_only] = ["closed", "locked", "read-only"].map(|name| {
            let dir = root.path().join(name);
            fs::create_dir(&dir).unwrap();
            fs::write(dir.join(DATABASE_FILE), "").unwrap();
            fs::write(dir.join(FileLease::FILE), "").unwrap();
            dir
        });
        let lock = locked.join(FileLease::FILE);
        set_mode(root.path(), 0o755);
        set_mode(&lock, 0o000);
        for name in [DATABASE_FILE, FileLease::FILE] {
            set_mode(&read_only.join(name), 0o444);
        }
        for (dir, mode) in [(&closed, 0o311), (&locked, 0o555), (&read_only, 0o555)] {
            set_mode(dir, mode);
        }
        for (path, named) in [(&closed, &closed), (&locked, &lock)] {
            let error = without_rights(|| StorageDir::hold(path).unwrap_err());
            let told = format!("cannot read {};", named.display());
            assert!(error.to_string().starts_with(&told), "{error}");
        }
        without_rights(|| StorageDir::hold(&read_only).map(drop)).unwrap();
        set_mode(&closed, 0o000);
        let below = closed.join("below");
        let error = without_rights(|| StorageDir::hold(&below).unwrap_err());
        assert!(error.to_string().starts_with("cannot read "), "{error}");
        for dir in [&closed, &locked, &read_only] {
            set_mode(dir, 0o755);
        }
    }
}
