//! What a loss of power takes from a [`Disk`]: writes that were not synced.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::os::unix::fs::FileExt as _;
use std::path::{Path, PathBuf};

use rand::Rng;

use crate::disk::Disk;
use crate::undo::{Change, DIRECTORY_LOG, Record, read_log};

/// Sectors are written whole or not at all, in bytes.
const SECTOR_BYTES: usize = 512;

/// Which of the writes that were not synced are lost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Loss {
    /// All of them.
    Everything,
    /// All that came after some moment.
    Tail,
    /// Any of them, in any files, and parts of others: the disk writes in an order of its own.
    Scattered,
}

/// What a loss of power took.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lost {
    /// Changes of files that were undone, wholly or in part.
    pub changes: usize,
    /// Changes that were not synced but happened to survive.
    pub kept: usize,
    /// Files that appeared, vanished or changed their name, and have not.
    pub names: usize,
}

impl Disk {
    /// Takes away what was not synced. The server must have been killed before.
    pub fn lose_power(&self, loss: Loss, rng: &mut impl Rng) -> Lost {
        let mut logs = self.take_logs();
        let names = logs.remove(DIRECTORY_LOG).unwrap_or_default();
        let last_serial = surviving_serial(loss, &names, logs.values(), rng);
        let mut lost = Lost::default();
        for (file, records) in &logs {
            let path = self.path_of(file);
            if path.exists() {
                lose_changes(&path, records, loss, last_serial, rng, &mut lost);
            }
        }
        for record in names.iter().rev() {
            self.lose_name(record, record.serial > last_serial, &mut lost);
        }
        self.remove_shared_memory();
        lost
    }

    /// All logs by the name of their file; they are gone from the disk then.
    fn take_logs(&self) -> BTreeMap<String, Vec<Record>> {
        let mut logs = BTreeMap::new();
        for entry in fs::read_dir(&self.log_dir).expect("list the disk's logs") {
            let path = entry.expect("list the disk's logs").path();
            let name = path
                .file_name()
                .map(|name| name.to_string_lossy().into_owned());
            if let Some(file) = name.as_deref().and_then(|name| name.strip_suffix(".undo")) {
                logs.insert(file.to_owned(), read_log(&path));
                fs::remove_file(&path).expect("remove a log");
            }
        }
        logs
    }

    /// Where a file is: one that vanished is kept beside the logs.
    fn path_of(&self, file: &str) -> PathBuf {
        if file.starts_with("kept-") {
            self.log_dir.join(file)
        } else {
            self.storage_dir.join(file)
        }
    }

    fn lose_name(&self, record: &Record, is_lost: bool, lost: &mut Lost) {
        lost.names += usize::from(is_lost);
        match (&record.change, is_lost) {
            (Change::Create { name }, true) => {
                // It may not have come to be, if the process was killed just before.
                let _ = fs::remove_file(self.storage_dir.join(name));
            }
            (Change::Unlink { name, kept }, true) => {
                fs::rename(self.log_dir.join(kept), self.storage_dir.join(name))
                    .expect("bring back a file");
            }
            (Change::Unlink { kept, .. }, false) => {
                fs::remove_file(self.log_dir.join(kept)).expect("remove a file kept");
            }
            (Change::Rename { from, to }, true) => {
                let _ = fs::rename(self.storage_dir.join(to), self.storage_dir.join(from));
            }
            _ => {}
        }
    }

    /// The shared memory of SQLite is no file that a machine finds again.
    fn remove_shared_memory(&self) {
        for entry in fs::read_dir(&self.storage_dir).expect("list the storage directory") {
            let path = entry.expect("list the storage directory").path();
            if path.to_string_lossy().ends_with("-shm") {
                fs::remove_file(&path).expect("remove the shared memory");
            }
        }
    }
}

/// The last change whose effect on the directory, and with [`Loss::Tail`] on any file, survives.
fn surviving_serial<'a>(
    loss: Loss,
    names: &'a [Record],
    contents: impl Iterator<Item = &'a Vec<Record>>,
    rng: &mut impl Rng,
) -> u64 {
    let serials = contents.flatten().chain(names).map(|record| record.serial);
    let last = serials.max().unwrap_or(0);
    match loss {
        Loss::Everything => 0,
        Loss::Tail | Loss::Scattered => rng.random_range(0..=last),
    }
}

/// Undoes all changes of a file, the last one first, then does those again that survive.
fn lose_changes(
    path: &Path,
    records: &[Record],
    loss: Loss,
    last_serial: u64,
    rng: &mut impl Rng,
    lost: &mut Lost,
) {
    let file = OpenOptions::new()
        .write(true)
        .open(path)
        .expect("open a file of the storage directory");
    for record in records.iter().rev() {
        undo(&file, record);
    }
    for record in records {
        let survives = match loss {
            Loss::Everything => false,
            Loss::Tail => record.serial <= last_serial,
            Loss::Scattered => rng.random_bool(0.5),
        };
        let is_torn = loss == Loss::Scattered && rng.random_bool(0.1);
        lost.changes += usize::from(!survives || is_torn);
        lost.kept += usize::from(survives && !is_torn);
        if survives {
            redo(&file, record, is_torn.then(|| rng.random_range(0..=64)));
        }
    }
}

fn undo(file: &File, record: &Record) {
    if let Change::Write { offset, before, .. }
    | Change::Resize {
        size: offset,
        before,
    } = &record.change
    {
        file.write_all_at(before, *offset).expect("undo a write");
        file.set_len(record.size_before)
            .expect("undo a change of size");
    }
}

/// Does a change again; of a torn one only the first sectors.
fn redo(file: &File, record: &Record, sectors: Option<usize>) {
    match &record.change {
        Change::Write { offset, after, .. } => {
            let bytes = sectors.map_or(after.len(), |sectors| {
                after.len().min(sectors * SECTOR_BYTES)
            });
            file.write_all_at(&after[..bytes], *offset)
                .expect("redo a write");
        }
        Change::Resize { size, .. } => file.set_len(*size).expect("redo a change of size"),
        Change::Create { .. } | Change::Unlink { .. } | Change::Rename { .. } => {}
    }
}
