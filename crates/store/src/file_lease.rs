//! A lease on a directory: locks of the operating system, which frees them when the process ends, however that ends.

use std::fs::{File, OpenOptions, Permissions, TryLockError};
use std::io::{self, Read as _, Seek as _, Write as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::Duration;

use rustix::fs::OFlags;
use workmill_proto::Timestamp;

use crate::lease::{Acquired, Lease, LeaseError, Predecessor};

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

    fn resign(&mut self) -> Result<(), LeaseError> {
        self.leave(|_| format!("{RESIGNED}{END_OF_TEXT}"))
    }

    fn lasts(&self) -> Duration {
        Duration::ZERO
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

/// Keeps servers out of a directory for as long as it lives, and writes nothing: whoever looks at the files of a stopped
/// server has it.
#[derive(Debug)]
pub struct QuietHold {
    _locks: Vec<File>,
    predecessor: Predecessor,
}

impl QuietHold {
    /// Takes hold of a directory, which must be there. Else the holder of its lease, as [`Acquired::Theirs`] tells it.
    pub fn take(dir: &Path) -> Result<Result<Self, String>, LeaseError> {
        FileLease::check(dir)?;
        let path = dir.join(FileLease::FILE);
        let failed = |path: &Path, source| LeaseError::Lock {
            path: path.to_owned(),
            source,
        };
        let opened = File::open(dir).map_err(|error| failed(dir, error))?;
        let mut is_free = try_lock(&opened).map_err(|error| failed(dir, error))?;
        let mut locks = vec![opened];
        let mut found = String::new();
        match File::open(&path) {
            Ok(file) => {
                found = read_text(&file);
                is_free = is_free && try_lock(&file).map_err(|error| failed(&path, error))?;
                locks.push(file);
            }
            // No server has ever used it.
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(error) => return Err(failed(&path, error)),
        }
        match is_free {
            true => Ok(Ok(Self {
                _locks: locks,
                predecessor: predecessor(&found),
            })),
            false => Ok(Err(holder_in(&found))),
        }
    }
}

impl QuietHold {
    /// What became of the server that had the lease last.
    pub fn predecessor(&self) -> &Predecessor {
        &self.predecessor
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

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    const HOLDER: &str = "pid 1, localhost:7419";

    fn acquire(lease: &mut FileLease) -> Result<Acquired, LeaseError> {
        lease.acquire(HOLDER, Timestamp::default())
    }

    fn is_refused(dir: &Path) -> bool {
        matches!(
            acquire(&mut FileLease::new(dir)).unwrap(),
            Acquired::Theirs { .. }
        )
    }

    #[test]
    fn second_server_is_kept_out_whatever_became_of_the_lock_file() {
        let root = tempfile::tempdir().unwrap();
        let mut first = FileLease::new(root.path());
        let predecessor = Predecessor::Nobody;
        assert_eq!(acquire(&mut first).unwrap(), Acquired::Ours { predecessor });
        let file = root.path().join(FileLease::FILE);
        let other = root.path().join("other");
        let delete = || fs::remove_file(&file).unwrap();
        let replace = || fs::rename(&other, &file).unwrap();
        for touch in [&delete as &dyn Fn(), &replace] {
            fs::write(&other, "").unwrap();
            touch();
            assert!(is_refused(root.path()));
        }
    }

    #[test]
    fn quiet_hold_keeps_servers_out_and_writes_nothing() {
        let root = tempfile::tempdir().unwrap();
        let hold = QuietHold::take(root.path()).unwrap().unwrap();
        assert_eq!(fs::read_dir(root.path()).unwrap().count(), 0);
        let mut server = FileLease::new(root.path());
        assert!(matches!(
            acquire(&mut server).unwrap(),
            Acquired::Theirs { .. }
        ));
        drop(hold);
        assert!(matches!(
            acquire(&mut server).unwrap(),
            Acquired::Ours { .. }
        ));
        let refused = QuietHold::take(root.path()).unwrap().unwrap_err();
        assert_eq!(refused, HOLDER);
        let text = fs::read_to_string(root.path().join(FileLease::FILE)).unwrap();
        assert!(text.starts_with(HOLDER), "{text}");
    }

    #[test]
    fn server_that_locks_only_the_file_is_respected() {
        let root = tempfile::tempdir().unwrap();
        let file = File::create(root.path().join(FileLease::FILE)).unwrap();
        file.lock().unwrap();
        assert!(is_refused(root.path()));
    }

    #[test]
    fn link_in_place_of_the_lock_file_is_refused_and_not_followed() {
        let root = tempfile::tempdir().unwrap();
        let target = root.path().join("precious");
        fs::write(&target, "text").unwrap();
        let link = root.path().join(FileLease::FILE);
        symlink(&target, &link).unwrap();
        let mut lease = FileLease::new(root.path());
        let error = acquire(&mut lease).unwrap_err().to_string();
        assert!(
            error.contains("is a symbolic link; move it away"),
            "{error}"
        );
        assert_eq!(fs::read_to_string(&target).unwrap(), "text");
        fs::remove_file(&target).unwrap();
        acquire(&mut lease).unwrap_err();
        assert!(!target.exists(), "a dangling link was followed");
    }

    #[test]
    fn lock_file_that_others_could_read_is_made_private() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FileLease::FILE);
        fs::write(&file, "").unwrap();
        fs::set_permissions(&file, Permissions::from_mode(0o644)).unwrap();
        let mut lease = FileLease::new(root.path());
        acquire(&mut lease).unwrap();
        let mode = file.metadata().unwrap().permissions().mode();
        assert_eq!(mode & 0o7777, 0o600);
    }

    #[test]
    fn longer_text_of_an_earlier_holder_is_gone() {
        let root = tempfile::tempdir().unwrap();
        fs::write(root.path().join(FileLease::FILE), "x".repeat(500)).unwrap();
        let mut lease = FileLease::new(root.path());
        acquire(&mut lease).unwrap();
        let text = fs::read_to_string(root.path().join(FileLease::FILE)).unwrap();
        assert_eq!(text, format!("{HOLDER}\n"));
    }

    #[test]
    fn first_line_counts_of_a_text_that_was_not_cut_off() {
        let root = tempfile::tempdir().unwrap();
        let file = root.path().join(FileLease::FILE);
        let vanished = Predecessor::Vanished {
            holder: HOLDER.to_owned(),
        };
        for (first, predecessor) in [(RESIGNED, Predecessor::Resigned), (HOLDER, vanished)] {
            fs::write(&file, format!("{first}\nalhost:7419, and more\n")).unwrap();
            assert_eq!(
                *QuietHold::take(root.path()).unwrap().unwrap().predecessor(),
                predecessor
            );
            let mut lease = FileLease::new(root.path());
            assert_eq!(acquire(&mut lease).unwrap(), Acquired::Ours { predecessor });
        }
        let held = OpenOptions::new().write(true).open(&file).unwrap();
        held.lock().unwrap();
        fs::write(&file, format!("{HOLDER}\nalhost:7419\n")).unwrap();
        let holder = HOLDER.to_owned();
        assert_eq!(
            acquire(&mut FileLease::new(root.path())).unwrap(),
            Acquired::Theirs { holder }
        );
    }

    #[test]
    fn nobody_says_that_a_server_vanished_that_could_not_resign() {
        let root = tempfile::tempdir().unwrap();
        // As versions before leave it behind, however they end.
        fs::write(root.path().join(FileLease::FILE), HOLDER).unwrap();
        let predecessor = Predecessor::Resigned;
        let acquired = acquire(&mut FileLease::new(root.path())).unwrap();
        assert_eq!(acquired, Acquired::Ours { predecessor });
    }

    #[test]
    fn what_is_undone_was_never_there() {
        let root = tempfile::tempdir().unwrap();
        let mut lease = FileLease::new(root.path());
        let vanished = Predecessor::Vanished {
            holder: HOLDER.to_owned(),
        };
        let acquired = |lease: &mut FileLease, predecessor| {
            assert_eq!(acquire(lease).unwrap(), Acquired::Ours { predecessor });
        };
        for _ in 0..2 {
            acquired(&mut lease, Predecessor::Nobody);
            lease.undo().unwrap();
            assert!(!is_refused(root.path()));
            fs::write(root.path().join(FileLease::FILE), "").unwrap();
        }
        acquired(&mut lease, Predecessor::Nobody);
        drop(lease);
        let mut next = FileLease::new(root.path());
        for _ in 0..2 {
            acquired(&mut next, vanished.clone());
            next.undo().unwrap();
        }
        acquired(&mut next, vanished);
        next.resign().unwrap();
        for _ in 0..2 {
            acquired(&mut next, Predecessor::Resigned);
            next.undo().unwrap();
        }
    }
}
