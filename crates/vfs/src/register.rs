//! Making the layer known to SQLite.

use std::ffi::{CStr, c_int};
use std::ptr;
use std::sync::OnceLock;

use rusqlite::ffi::{
    SQLITE_CANTOPEN, SQLITE_OK, SQLITE_OPEN_WAL, sqlite3_file, sqlite3_filename, sqlite3_vfs,
    sqlite3_vfs_find, sqlite3_vfs_register,
};

use crate::index_file;
use crate::log_file::{self, LogFile};

/// The layer's name within SQLite.
const NAME: &CStr = c"workmill";

/// SQLite's own layer.
#[derive(Debug)]
struct Own(*mut sqlite3_vfs);

// SAFETY: SQLite's own layer is static and may be used from any thread.
unsafe impl Send for Own {}
// SAFETY: likewise.
unsafe impl Sync for Own {}

/// SQLite's own layer, once this one is registered.
static OWN: OnceLock<Option<Own>> = OnceLock::new();

/// The name to open a connection with whose COMMITs are to be written to the log at once, each within a
/// [`commit`](crate::commit()). Other connections to the same database may be of SQLite's own layer.
///
/// The layer is registered with SQLite at the first call; none if SQLite refuses that, or has no layer of its own.
pub fn vfs_name() -> Option<&'static CStr> {
    OWN.get_or_init(register).is_some().then_some(NAME)
}

fn register() -> Option<Own> {
    // SAFETY: may be called at any time; no name means the default.
    let own = unsafe { sqlite3_vfs_find(ptr::null()) };
    // SAFETY: if it is not null, it points to a layer that lives as long as the process.
    let mut vfs = unsafe { own.as_ref() }.copied()?;
    vfs.pNext = ptr::null_mut();
    vfs.zName = NAME.as_ptr();
    vfs.szOsFile = vfs
        .szOsFile
        .checked_add(c_int::try_from(size_of::<LogFile>()).ok()?)?;
    vfs.xOpen = Some(open);
    // SAFETY: it is never freed; all its functions but `open` are those of SQLite's own, and do not depend on which of
    // the two they are called with.
    let code = unsafe { sqlite3_vfs_register(Box::leak(Box::new(vfs)), 0) };
    // SAFETY: it is SQLite's own.
    let is_told = code == SQLITE_OK && unsafe { index_file::clear_instead_of_cutting(own) };
    is_told.then_some(Own(own))
}

unsafe extern "C" fn open(
    _vfs: *mut sqlite3_vfs,
    name: sqlite3_filename,
    file: *mut sqlite3_file,
    flags: c_int,
    flags_out: *mut c_int,
) -> c_int {
    let own = OWN.get().and_then(Option::as_ref).map(|own| own.0);
    // SAFETY: it is static.
    let own_open = own.and_then(|own| unsafe { (*own).xOpen });
    let (Some(own), Some(own_open)) = (own, own_open) else {
        // SAFETY: SQLite gives memory for a file, and asks for this if it cannot be opened.
        unsafe { (*file).pMethods = ptr::null() };
        return SQLITE_CANTOPEN;
    };
    if flags & SQLITE_OPEN_WAL == 0 {
        // SAFETY: the arguments are SQLite's, and there is more memory than its own layer needs.
        return unsafe { own_open(own, name, file, flags, flags_out) };
    }
    // SAFETY: SQLite gives as much memory as `szOsFile` says.
    unsafe { (*file).pMethods = ptr::null() };
    // SAFETY: likewise.
    let below = unsafe { log_file::below(file) };
    // SAFETY: the arguments are SQLite's, and there is as much memory left as its own layer needs.
    let code = unsafe { own_open(own, name, below, flags, flags_out) };
    if code == SQLITE_OK {
        // SAFETY: the lower file is open.
        unsafe { log_file::make(file) };
    }
    code
}
