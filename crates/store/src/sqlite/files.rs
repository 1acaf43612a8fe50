//! Whether the files that are open are still those that their names lead to, and as they were left.
//!
//! SQLite works on with a file that was deleted, replaced or cut short by somebody else: then what is acknowledged goes where
//! no restart finds it.

use std::fs::{File, Metadata};
use std::io;
use std::mem::ManuallyDrop;
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::found::Found;
use super::schema::LOG_BYTES_KEPT_MAX;
use super::wal::{self, EPOCH, FRAME_HEADER_BYTES, FRAME_SALTS, HEADER_BYTES, PAGE_BYTES, SALTS};
use crate::StoreError;
use crate::writer::Poison;

/// Where the header of a database says how many pages it has.
const PAGES_FIELD: usize = 28;

/// Where the header of a log says how often it was reset.
const COUNT_FIELD: usize = 12;

/// The open files of a store.
#[derive(Debug)]
pub(super) struct Files {
    database: Watched,
    log: Watched,
    index: Watched,
    /// Never closed: that would drop the locks that SQLite holds on the file.
    opened: ManuallyDrop<File>,
    /// Frames in the log after the last commit.
    frames: Arc<AtomicU32>,
    /// How often the log was reset.
    logs: AtomicU64,
    seen: Mutex<Seen>,
    poison: Poison,
}

/// What was seen at the last look.
#[derive(Debug)]
struct Seen {
    database_bytes: u64,
    index_bytes: u64,
    /// The epochs that the file of the database may have.
    epochs: Vec<u32>,
    log: Option<SeenLog>,
}

#[derive(Clone, Copy, Debug)]
struct SeenLog {
    header: [u8; HEADER_BYTES],
    logs: u64,
    frames: u32,
    bytes: u64,
}

/// A name and the file it led to when it was opened.
#[derive(Debug)]
struct Watched {
    path: PathBuf,
    device: u64,
    inode: u64,
}

/// What somebody did to a file.
type Touched = String;

impl Files {
    /// Notes what the names lead to. SQLite must have opened all of them.
    pub(super) fn open(found: &Found, frames: Arc<AtomicU32>, poison: Poison) -> io::Result<Self> {
        let opened = ManuallyDrop::new(File::open(&found.paths.database)?);
        let index = Watched::of(&found.paths.index)?;
        let mut epochs = found.log.epochs.clone();
        epochs.push(found.epoch);
        let seen = Seen {
            database_bytes: 0,
            index_bytes: 0,
            epochs,
            log: None,
        };
        Ok(Self {
            database: Watched::of(&found.paths.database)?,
            log: Watched::of(&found.paths.log)?,
            index,
            opened,
            frames,
            logs: AtomicU64::new(0),
            seen: Mutex::new(seen),
            poison,
        })
    }

    /// Poisons the store if somebody has touched a file.
    pub(super) fn check(&self) -> Result<(), StoreError> {
        self.poison.check()?;
        match self.find_touched() {
            Ok(()) => Ok(()),
            Err(touched) => Err(self.poison.set(touched)),
        }
    }

    /// Says that the epoch is about to be set.
    pub(super) fn note_epoch(&self, epoch: u32) {
        self.seen().epochs.push(epoch);
    }

    /// Says that the log is copied completely, up to this epoch, and may be reset.
    pub(super) fn note_log_ended(&self, epoch: u32) {
        self.seen().epochs = vec![epoch];
        self.logs.fetch_add(1, Ordering::Release);
    }

    /// The name of the log's index.
    pub(super) fn index(&self) -> &Path {
        &self.index.path
    }

    /// Syncs the database: SQLite does that only if a copy has caught up with the log.
    pub(super) fn sync_database(&self) -> io::Result<()> {
        self.opened.sync_data()
    }

    /// The number of frames, to be what it is in the middle of a commit.
    #[cfg(test)]
    pub(super) fn frames(&self) -> &AtomicU32 {
        &self.frames
    }

    fn seen(&self) -> MutexGuard<'_, Seen> {
        self.seen.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn find_touched(&self) -> Result<(), Touched> {
        // All of it before the files are looked at, as they may grow meanwhile.
        let mut seen = self.seen();
        let logs = self.logs.load(Ordering::Acquire);
        let frames = self.frames.load(Ordering::Acquire);
        let database = self.database.look()?;
        let log = self.log.look()?;
        let index = self.index.look()?;
        self.check_database(database.len(), &mut seen)?;
        if index.len() < seen.index_bytes {
            return Err(self.index.touched("was cut short"));
        }
        seen.index_bytes = index.len();
        self.check_log(log.len(), (logs, frames), &mut seen)
    }

    fn check_database(&self, bytes: u64, seen: &mut Seen) -> Result<(), Touched> {
        let mut header = [0; EPOCH.end];
        let read = self.opened.read_exact_at(&mut header, 0);
        let pages = wal::word(&header, PAGES_FIELD);
        // VACUUM by another program makes it shorter too, and says so in the header.
        let is_whole = pages > 0 && u64::from(pages) * PAGE_BYTES as u64 == bytes;
        if bytes < seen.database_bytes && !is_whole {
            return Err(self.database.touched("was cut short"));
        }
        if read.is_err() || !seen.epochs.contains(&wal::word(&header, EPOCH.start)) {
            return Err(self.database.touched("was overwritten"));
        }
        seen.database_bytes = bytes;
        Ok(())
    }

    fn check_log(
        &self,
        bytes: u64,
        (logs, frames): (u64, u32),
        seen: &mut Seen,
    ) -> Result<(), Touched> {
        match self.look_at_log(bytes, logs, frames, seen.log) {
            Ok(log) => seen.log = log,
            // It is being reset: the next look tells.
            Err(_) if self.logs.load(Ordering::Acquire) != logs => seen.log = None,
            Err(done) => return Err(self.log.touched(done)),
        }
        Ok(())
    }

    fn look_at_log(
        &self,
        bytes: u64,
        logs: u64,
        frames: u32,
        before: Option<SeenLog>,
    ) -> Result<Option<SeenLog>, &'static str> {
        if frames == 0 && bytes < HEADER_BYTES as u64 && before.is_none() {
            // Nothing could be written to it yet.
            return Ok(None);
        }
        // SQLite itself cuts a log to this length when it starts over.
        let kept_max = u64::try_from(LOG_BYTES_KEPT_MAX).unwrap_or_default();
        if bytes < offset_of(frames).min(kept_max) {
            return Err("was cut short");
        }
        let log = self.log.open().map_err(|_| "cannot be opened")?;
        let mut header = [0; HEADER_BYTES];
        log.read_exact_at(&mut header, 0)
            .map_err(|_| "was cut short")?;
        if let Some(before) = before.filter(|before| before.logs == logs) {
            if before.header != header {
                // Another program that had the database open before may have copied the whole log.
                return match follows(&before.header, &header) {
                    true => Ok(None),
                    false => Err("was overwritten"),
                };
            }
            if bytes < before.bytes.min(kept_max) {
                return Err("was cut short");
            }
            // A file that was cut short and written to since has a hole.
            if !has_frame(&log, &header, before.frames).map_err(|_| "was cut short")? {
                let mut again = [0; HEADER_BYTES];
                log.read_exact_at(&mut again, 0)
                    .map_err(|_| "was cut short")?;
                return match again == header {
                    true => Err("was cut short or overwritten"),
                    // It was reset between the two readings.
                    false => Ok(None),
                };
            }
        }
        // A log that is being started over has the new header before its first commit: until then the number of frames is
        // that of the old one.
        let counts = has_frame(&log, &header, frames).unwrap_or(false);
        Ok(Some(SeenLog {
            header,
            logs,
            frames: if counts { frames } else { 0 },
            bytes,
        }))
    }
}

/// Whether the last of so many frames was written to the log with this header.
fn has_frame(log: &File, header: &[u8], frames: u32) -> io::Result<bool> {
    let Some(last) = frames.checked_sub(1) else {
        return Ok(true);
    };
    let mut frame = [0; FRAME_HEADER_BYTES];
    log.read_exact_at(&mut frame, offset_of(last))?;
    Ok(frame.get(FRAME_SALTS) == header.get(SALTS))
}

/// Whether a log of the one header was reset with the other: SQLite counts that, and adds one to the first salt.
fn follows(header: &[u8], next: &[u8]) -> bool {
    [COUNT_FIELD, SALTS.start]
        .iter()
        .all(|&at| wal::word(header, at).wrapping_add(1) == wal::word(next, at))
}

/// Where the frame behind so many begins.
fn offset_of(frames: u32) -> u64 {
    let frame = FRAME_HEADER_BYTES + PAGE_BYTES;
    HEADER_BYTES as u64 + u64::from(frames) * frame as u64
}

impl Watched {
    fn of(path: &Path) -> io::Result<Self> {
        let found = path.symlink_metadata()?;
        Ok(Self {
            path: path.to_owned(),
            device: found.dev(),
            inode: found.ino(),
        })
    }

    /// What the name leads to, if it is the file that was opened. Its number is not given to another one while it is open.
    fn look(&self) -> Result<Metadata, Touched> {
        match self.path.symlink_metadata() {
            Ok(found) if (found.dev(), found.ino()) == (self.device, self.inode) => Ok(found),
            Ok(_) => Err(self.touched("was replaced by another file")),
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                Err(self.touched("was deleted or moved away"))
            }
            Err(error) => Err(self.touched(&format!("cannot be looked at any more ({error}) and"))),
        }
    }

    /// Opens the file once more. Only for the log, of which no locks are lost when it is closed.
    fn open(&self) -> io::Result<File> {
        File::open(&self.path)
    }

    fn touched(&self, done: &str) -> Touched {
        format!(
            "{} {done} by somebody else while the server uses it; docs/durability.md says what to do",
            self.path.display()
        )
    }
}
