//! Whether the disk has room for the index of a log.
//!
//! SQLite deletes it when a database is closed and makes it when one is opened. A server that stops on a full disk keeps it, so
//! that the next one can start there.

use std::fs;
use std::io::{self, Write as _};
use std::path::Path;

use super::found::create_private;

/// What an index begins with, in bytes.
const INDEX_BYTES: usize = 32_768;

/// Tries it out, with a file of the same size beside the index at `index`.
pub(super) fn has_room(index: &Path) -> bool {
    let path = index.with_extension("room");
    // One may be left of a server that was killed here.
    fs::remove_file(&path).ok();
    let tried = fill(&path);
    fs::remove_file(&path).ok();
    tried.is_ok()
}

fn fill(path: &Path) -> io::Result<()> {
    create_private(path)?.write_all(&[0; INDEX_BYTES])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trying_for_room_leaves_nothing_and_takes_away_what_was_left() {
        let dir = tempfile::tempdir().unwrap();
        let index = dir.path().join("a.db-shm");
        for left in [false, true] {
            if left {
                fs::write(dir.path().join("a.room"), "left").unwrap();
            }
            assert!(has_room(&index));
            assert_eq!(fs::read_dir(dir.path()).unwrap().count(), 0);
        }
        assert!(!has_room(&dir.path().join("none/a.db-shm")));
    }
}
