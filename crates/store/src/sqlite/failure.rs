//! What an error of SQLite means for the store: the one place where this is decided.

use std::path::Path;

use rusqlite::{Error, ErrorCode, ffi};

use crate::StoreError;

/// What an error says to people.
///
/// SQLite has one text for a read that the disk failed (`EIO`) and for a page that makes no sense, and calls both malformed.
pub(super) fn text_of(error: &Error) -> String {
    match error.sqlite_error_code() {
        Some(ErrorCode::DatabaseCorrupt) => {
            "the disk could not be read or the database is damaged: look for errors of the disk in the system's log"
                .to_owned()
        }
        _ => error.to_string(),
    }
}

/// Whether there is no room on the disk. The index of the log is not written by SQLite, but grows: then it says so.
fn is_full(error: &Error) -> bool {
    error.sqlite_error_code() == Some(ErrorCode::DiskFull)
        || error.sqlite_extended_error_code() == Some(ffi::SQLITE_IOERR_SHMSIZE)
}

/// A statement inside a transaction failed.
///
/// The transaction is rolled back by its owner, and rolling back needs nothing from the disk: pages not yet
/// committed are forgotten. So even a failed read or write of the disk (`SQLITE_IOERR`) leaves a known
/// state; if the rollback fails too, that poisons the store where it happens.
pub(super) fn of_statement(error: &Error) -> StoreError {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => StoreError::Full(text_of(error)),
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            StoreError::Busy(text_of(error))
        }
        _ => StoreError::Statement(text_of(error)),
    }
}

/// What a failed COMMIT says about the disk.
pub(super) enum CommitFailure {
    /// Nothing of the transaction was made durable, and nothing will be.
    NotCommitted(StoreError),
    /// It may be found at the next opening or not.
    Unknown(String),
}

/// COMMIT failed.
pub(super) fn of_commit(error: &Error) -> CommitFailure {
    match error.sqlite_error_code() {
        // A frame of the log could not be written whole. The mark of a commit is on its last frame, so
        // without all of them there is no commit; SQLite rolls back and overwrites them next time.
        Some(ErrorCode::DiskFull) => CommitFailure::NotCommitted(of_statement(error)),
        // Somebody else (a shell) holds the database: SQLite gave up before it wrote anything.
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            CommitFailure::NotCommitted(of_statement(error))
        }
        // A failed sync, a failed write, a failure after the frames were written: whether the disk has
        // the commit cannot be known, and asking the kernel to sync again proves nothing once it has
        // dropped the pages that failed.
        _ => CommitFailure::Unknown(format!("commit failed: {}", text_of(error))),
    }
}

/// Opening the database failed.
pub(super) fn of_open(path: &Path, error: &Error) -> StoreError {
    let path = path.display();
    StoreError::Open(match error.sqlite_error_code() {
        Some(ErrorCode::NotADatabase) => {
            format!("{path} is not a database: move it away or choose another storage directory")
        }
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            format!("{path} is in use by another program: stop it first ({error})")
        }
        _ if is_full(error) => format!(
            "the disk of {path} is full: free some space and start the server again, nothing was changed ({error})"
        ),
        _ => format!("cannot open {path}: {}", text_of(error)),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: i32) -> Error {
        Error::SqliteFailure(ffi::Error::new(code), None)
    }

    #[test]
    fn only_a_commit_that_wrote_no_mark_is_known_not_to_have_happened() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_BUSY, ffi::SQLITE_LOCKED] {
            assert!(
                matches!(of_commit(&error(code)), CommitFailure::NotCommitted(_)),
                "{code}"
            );
        }
        for code in [
            ffi::SQLITE_IOERR_FSYNC,
            ffi::SQLITE_IOERR_WRITE,
            ffi::SQLITE_IOERR_SHMSIZE,
            ffi::SQLITE_CORRUPT,
            ffi::SQLITE_NOMEM,
        ] {
            assert!(
                matches!(of_commit(&error(code)), CommitFailure::Unknown(_)),
                "{code}"
            );
        }
    }

    #[test]
    fn a_lock_of_another_program_is_told_apart_from_other_failures() {
        for code in [
            ffi::SQLITE_BUSY,
            ffi::SQLITE_BUSY_SNAPSHOT,
            ffi::SQLITE_LOCKED,
        ] {
            assert!(matches!(of_statement(&error(code)), StoreError::Busy(_)));
            assert!(matches!(
                of_commit(&error(code)),
                CommitFailure::NotCommitted(StoreError::Busy(_))
            ));
        }
    }

    #[test]
    fn a_failed_read_is_not_called_a_malformed_database() {
        for code in [ffi::SQLITE_CORRUPT, ffi::SQLITE_CORRUPT_INDEX] {
            let text = "database disk image is malformed".to_owned();
            let error = Error::SqliteFailure(ffi::Error::new(code), Some(text));
            let mut told = vec![
                of_statement(&error).to_string(),
                of_open(Path::new("a.db"), &error).to_string(),
            ];
            if let CommitFailure::Unknown(reason) = of_commit(&error) {
                told.push(reason);
            }
            assert_eq!(told.len(), 3);
            for text in told {
                assert!(text.contains("the disk could not be read"), "{text}");
                assert!(!text.contains("malformed"), "{text}");
            }
        }
    }

    #[test]
    fn an_opening_on_a_full_disk_is_told_with_what_to_do() {
        for code in [ffi::SQLITE_FULL, ffi::SQLITE_IOERR_SHMSIZE] {
            let told = of_open(Path::new("a.db"), &error(code)).to_string();
            assert!(
                told.starts_with("the disk of a.db is full: free some space"),
                "{told}"
            );
        }
        let told = of_open(Path::new("a.db"), &error(ffi::SQLITE_IOERR_READ)).to_string();
        assert!(!told.contains("full"), "{told}");
    }

    #[test]
    fn a_full_disk_is_told_apart_from_other_failures() {
        assert!(matches!(
            of_statement(&error(ffi::SQLITE_FULL)),
            StoreError::Full(_)
        ));
        assert!(matches!(
            of_statement(&error(ffi::SQLITE_IOERR_READ)),
            StoreError::Statement(_)
        ));
        assert!(matches!(
            of_commit(&error(ffi::SQLITE_FULL)),
            CommitFailure::NotCommitted(StoreError::Full(_))
        ));
    }
}
