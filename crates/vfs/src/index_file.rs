//! The index of a log (`-shm`), without which no database with a log can be opened: it keeps the space that it has, so that
//! it can be opened on a full disk.
//!
//! - SQLite cuts it to 3 bytes if nobody else has it open, as a crash may have left anything in it, and lets it grow again at
//!   once. Another program may have taken the space meanwhile. So it is filled with zeros instead, which comes to the same.
//! - SQLite deletes it, and the empty log, when the last connection is closed. [`keep_index`] forbids that, for a disk that is full.

use std::ffi::{c_int, c_void};
use std::fs::File;
use std::io;
use std::mem::{self, ManuallyDrop};
use std::os::fd::FromRawFd as _;
use std::os::unix::fs::FileExt as _;

use rusqlite::Connection;
use rusqlite::ffi::{self, SQLITE_FCNTL_PERSIST_WAL, SQLITE_OK, sqlite3_file_control, sqlite3_vfs};

/// What SQLite cuts the index to: of all its files, only that becomes so short.
const CUT_TO: i64 = 3;

/// Bytes of an index that is cleared. One of a log of 512 MiB is as long; a longer one is cut, as it might never be needed again.
const CLEARED_BYTES_MAX: u64 = 1 << 20;

const ZEROS: [u8; 4_096] = [0; 4_096];

/// How SQLite cuts a file.
type Cut = unsafe extern "C" fn(c_int, i64) -> c_int;

/// Makes SQLite's own layer clear the index. False if it does not let itself be told.
///
/// # Safety
/// `own` must point to SQLite's own layer.
pub(crate) unsafe fn clear_instead_of_cutting(own: *mut sqlite3_vfs) -> bool {
    // SAFETY: it points to a layer, says the caller.
    let set_system_call = unsafe { (*own).xSetSystemCall };
    let Some(set_system_call) = set_system_call else {
        return false;
    };
    // SAFETY: SQLite calls it by the type of `ftruncate`, whose offsets have 64 bits there.
    let cut = unsafe { mem::transmute::<Cut, unsafe extern "C" fn()>(cut) };
    // SAFETY: the layer is SQLite's own, and the name ends with a zero.
    let code = unsafe { set_system_call(own, c"ftruncate".as_ptr(), Some(cut)) };
    code == SQLITE_OK
}

/// In place of `ftruncate`: 0, or -1 and `errno`.
unsafe extern "C" fn cut(file: c_int, bytes: i64) -> c_int {
    // SAFETY: SQLite has it open, and it is not closed here.
    let file = ManuallyDrop::new(unsafe { File::from_raw_fd(file) });
    if bytes == CUT_TO && clear(&file).is_ok_and(|cleared| cleared) {
        return 0;
    }
    // The last system call, so that `errno` is its.
    match file.set_len(bytes.cast_unsigned()) {
        Ok(()) => 0,
        Err(_) => -1,
    }
}

/// Leaves the index when this connection is closed as the last one to its database, and the log, which is empty then if it
/// has a `journal_size_limit`.
///
/// # Errors
/// If SQLite refuses that.
pub fn keep_index(conn: &Connection) -> rusqlite::Result<()> {
    let mut is_kept: c_int = 1;
    // SAFETY: it is used as long as the connection lives, and not closed.
    let handle = unsafe { conn.handle() };
    let told = (&raw mut is_kept).cast::<c_void>();
    // SAFETY: the name ends with a zero, and this operation takes a pointer to a number.
    let code =
        unsafe { sqlite3_file_control(handle, c"main".as_ptr(), SQLITE_FCNTL_PERSIST_WAL, told) };
    match code {
        SQLITE_OK => Ok(()),
        code => Err(rusqlite::Error::SqliteFailure(ffi::Error::new(code), None)),
    }
}

/// Writes zeros over all of a file. False if it is too long for that.
fn clear(file: &File) -> io::Result<bool> {
    let bytes = file.metadata()?.len();
    if bytes > CLEARED_BYTES_MAX {
        return Ok(false);
    }
    let mut at = 0;
    while at < bytes {
        let left = usize::try_from(bytes - at).unwrap_or(usize::MAX);
        let zeros = ZEROS.get(..left).unwrap_or(&ZEROS);
        file.write_all_at(zeros, at)?;
        at += zeros.len() as u64;
    }
    Ok(true)
}
