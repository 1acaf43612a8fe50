//! What lies in the storage directory before SQLite sees it. Some of it SQLite would delete, overwrite or mix.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, BufReader, Read as _};
use std::os::unix::fs::{OpenOptionsExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use super::epoch::belong_together;
use super::wal::{self, Damage, EPOCH, LogContents};
use crate::{Predecessor, StoreError};

/// The name of the database in the storage directory.
pub const DATABASE_FILE: &str = "workmill.db";

/// What SQLite puts behind the name of the database for its log, for the index of that, and for its journal while it makes a
/// database.
const LOG: &str = "-wal";
const INDEX: &str = "-shm";
const JOURNAL: &str = "-journal";

/// Only the server's own user has any business with the files.
const FILE_MODE: u32 = 0o600;

/// The bits of a mode that belong to the group and to others.
const GROUP_AND_OTHERS: u32 = 0o077;

/// Where to read on.
pub(super) const HELP: &str = "docs/durability.md says how to restore a backup";

/// The files of a store.
#[derive(Clone, Debug)]
pub(super) struct Paths {
    pub(super) database: PathBuf,
    pub(super) log: PathBuf,
    pub(super) index: PathBuf,
}

impl Paths {
    pub(super) fn of(dir: &Path) -> Self {
        let name = |end: &str| dir.join(format!("{DATABASE_FILE}{end}"));
        Self {
            database: name(""),
            log: name(LOG),
            index: name(INDEX),
        }
    }
}

/// What was found.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) paths: Paths,
    /// The epoch in the file of the database, and what the log makes of it.
    pub(super) epoch: u32,
    pub(super) log: LogContents,
}

/// Looks at what lies in the directory; makes the files private, and an empty database if there is none and no log.
///
/// # Errors
/// [`StoreError::Open`] if there is something that must not be touched: it is left as it is.
pub(super) fn look(dir: &Path) -> Result<Found, StoreError> {
    let paths = Paths::of(dir);
    let journal = dir.join(format!("{DATABASE_FILE}{JOURNAL}"));
    for path in [&paths.database, &paths.log, &paths.index, &journal] {
        make_private(path)?;
    }
    let log = wal::look_through(&paths.log).map_err(|error| unreadable(&paths.log, &error))?;
    let epoch = read_epoch(&paths.database).map_err(|error| unreadable(&paths.database, &error))?;
    if log.commits > 0 {
        check_pair(&paths, epoch, &log)?;
    }
    if let Some(damage) = &log.damage {
        keep_damaged(&paths.log, damage)?;
    }
    if epoch.is_none() {
        make_database(&paths.database)?;
    }
    Ok(Found {
        paths,
        epoch: epoch.unwrap_or_default(),
        log,
    })
}

/// Which file should be there, as the last server to use the directory ended like this, and is not. There is nothing in what
/// is left that would tell, so the server starts; who removed the file on purpose knows.
pub fn missing_files(dir: &Path, predecessor: &Predecessor) -> Option<String> {
    let paths = Paths::of(dir);
    let (database, log) = (paths.database.display(), paths.log.display());
    match (predecessor, is_empty(&paths.database), is_empty(&paths.log)) {
        (Predecessor::Resigned | Predecessor::Vanished { .. }, true, true) => Some(format!(
            "{database} is missing or empty, though a server has used this directory before: this one begins without jobs; \
             if you did not mean that, stop it and put the database back, or a backup; {HELP}"
        )),
        (Predecessor::Vanished { holder }, false, true) => Some(format!(
            "the log {log} is missing or empty, though the last server ({holder}) was killed and cannot have copied all of \
             it into the database: what it acknowledged last is lost, unless you have just restored a backup; if somebody \
             moved the log away, stop this server and put the log back; {HELP}"
        )),
        _ => None,
    }
}

/// Whether a file is missing or empty.
pub(super) fn is_empty(path: &Path) -> bool {
    path.metadata().map_or(0, |file| file.len()) == 0
}

/// Whether a database and a log with transactions belong together.
pub(super) fn check_pair(
    paths: &Paths,
    epoch: Option<u32>,
    log: &LogContents,
) -> Result<(), StoreError> {
    let (database, log_path) = (paths.database.display(), paths.log.display());
    let commits = log.commits;
    match epoch {
        None => Err(StoreError::Open(format!(
            "{database} is missing or empty, but the log {log_path} beside it holds {commits} transactions of it: put the \
             database back, or move the log away if you restore a backup; {HELP}"
        ))),
        Some(epoch) if !belong_together(epoch, log) => Err(StoreError::Open(format!(
            "the log {log_path} does not belong to {database} and holds {commits} transactions of another one: move the \
             log and {} away if {database} is a backup you restore, or else put back the database the log belongs to; \
             {HELP}",
            paths.index.display()
        ))),
        Some(_) => Ok(()),
    }
}

/// Copies a damaged log before anything overwrites it.
fn keep_damaged(log: &Path, damage: &Damage) -> Result<(), StoreError> {
    let kept = keep_aside(log).map_err(|error| {
        StoreError::Open(format!(
            "{} is damaged and cannot be copied before it is used: free some space, or move it away ({error})",
            log.display()
        ))
    })?;
    let Damage {
        frame,
        frames_behind,
        commits_behind,
    } = damage;
    tracing::error!(
        frame,
        frames_behind,
        commits_behind,
        "the log {} is damaged at frame {frame}: {commits_behind} transactions in {frames_behind} frames behind it are \
         lost, unless you restore them; the log as it was is kept as {}",
        log.display(),
        kept.display()
    );
    Ok(())
}

/// Copies a file to the first free name beside it, unless there is such a copy: starts that fail are repeated.
fn keep_aside(path: &Path) -> io::Result<PathBuf> {
    for number in 1_u32.. {
        let kept = PathBuf::from(format!("{}.damaged-{number}", path.display()));
        match create_private(&kept) {
            Ok(mut file) => {
                let copied = File::open(path)
                    .and_then(|mut log| io::copy(&mut log, &mut file))
                    .and_then(|_| file.sync_all());
                if copied.is_err() {
                    // Each start would leave another part of it on a full disk. What matters is why it failed.
                    fs::remove_file(&kept).ok();
                }
                return copied.map(|()| kept);
            }
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {
                if have_same_content(path, &kept)? {
                    return Ok(kept);
                }
            }
            Err(error) => return Err(error),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

fn have_same_content(path: &Path, other: &Path) -> io::Result<bool> {
    let (file, other) = (File::open(path)?, File::open(other)?);
    if file.metadata()?.len() != other.metadata()?.len() {
        return Ok(false);
    }
    let (mut bytes, mut others) = (BufReader::new(file).bytes(), BufReader::new(other).bytes());
    loop {
        match (bytes.next().transpose()?, others.next().transpose()?) {
            (None, None) => return Ok(true),
            (byte, other) if byte == other => {}
            _ => return Ok(false),
        }
    }
}

/// The epoch of a database; none if it is missing or empty.
///
/// To close the file drops the locks this process holds on it, so nothing may have opened it yet.
pub(super) fn read_epoch(path: &Path) -> io::Result<Option<u32>> {
    let mut header = Vec::new();
    match File::open(path) {
        Ok(file) => file.take(EPOCH.end as u64).read_to_end(&mut header)?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok((!header.is_empty()).then(|| wal::word(&header, EPOCH.start)))
}

/// SQLite would make it readable for everybody, and its log and index like it.
fn make_database(path: &Path) -> Result<(), StoreError> {
    match create_private(path) {
        Err(error) if error.kind() != io::ErrorKind::AlreadyExists => Err(StoreError::Open(
            format!("cannot make {}: {error}", path.display()),
        )),
        Ok(_) | Err(_) => Ok(()),
    }
}

/// Makes a file that was not there. A link is something that is there.
pub(super) fn create_private(path: &Path) -> io::Result<File> {
    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(FILE_MODE)
        .open(path)
}

/// Refuses a name that leads elsewhere, and takes the file from everybody but its owner.
fn make_private(path: &Path) -> Result<(), StoreError> {
    let found = match path.symlink_metadata() {
        Ok(found) => found,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(unreadable(path, &error)),
    };
    if !found.is_file() {
        let what = match found.is_symlink() {
            true => "a symbolic link",
            false => "no file",
        };
        return Err(StoreError::Open(format!(
            "{} is {what}: move it away; to keep the data elsewhere, name that directory with -d",
            path.display()
        )));
    }
    if found.permissions().mode() & GROUP_AND_OTHERS != 0
        && let Err(error) = fs::set_permissions(path, Permissions::from_mode(FILE_MODE))
    {
        tracing::warn!(%error, "{} is open to other users and cannot be made private", path.display());
    }
    Ok(())
}

fn unreadable(path: &Path, error: &io::Error) -> StoreError {
    StoreError::Open(format!("cannot read {}: {error}", path.display()))
}
