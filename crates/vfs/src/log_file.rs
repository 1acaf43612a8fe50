//! The log as SQLite sees it: a file whose writes are gathered, before the file of SQLite's own layer.

use std::ffi::{c_int, c_void};
use std::slice;

use rusqlite::ffi::{SQLITE_IOERR, SQLITE_OK, sqlite3_file, sqlite3_int64, sqlite3_io_methods};

use crate::commit::is_committing;
use crate::gather::Gather;

/// What SQLite has memory for, for each log; the file of its own layer comes right behind it.
#[repr(C)]
pub(crate) struct LogFile {
    /// First, as SQLite looks for the methods there.
    head: sqlite3_file,
    gather: Box<Gather>,
}

// What comes behind it is aligned like it.
const _: () = assert!(size_of::<LogFile>().is_multiple_of(align_of::<LogFile>()));

/// What can be done with a log. Of version 1: shared memory and mappings are the database's business.
static METHODS: sqlite3_io_methods = sqlite3_io_methods {
    iVersion: 1,
    xClose: Some(close),
    xRead: Some(read),
    xWrite: Some(write),
    xTruncate: Some(truncate),
    xSync: Some(sync),
    xFileSize: Some(file_size),
    xLock: Some(lock),
    xUnlock: Some(unlock),
    xCheckReservedLock: Some(check_reserved_lock),
    xFileControl: Some(file_control),
    xSectorSize: Some(sector_size),
    xDeviceCharacteristics: Some(device_characteristics),
    xShmMap: None,
    xShmLock: None,
    xShmBarrier: None,
    xShmUnmap: None,
    xFetch: None,
    xUnfetch: None,
};

/// The file of SQLite's own layer behind a log.
///
/// # Safety
/// `file` must point to as much memory as the layer has asked for: a [`LogFile`] and a file of SQLite's.
pub(crate) unsafe fn below(file: *mut sqlite3_file) -> *mut sqlite3_file {
    // SAFETY: behind a `LogFile` there is memory for one more file, says the caller.
    unsafe { file.cast::<LogFile>().add(1).cast() }
}

/// Makes a log of a file whose lower part is open.
///
/// # Safety
/// As for [`below`], and the lower part must have been opened.
pub(crate) unsafe fn make(file: *mut sqlite3_file) {
    let log = LogFile {
        head: sqlite3_file { pMethods: &METHODS },
        gather: Box::default(),
    };
    // SAFETY: the memory is large enough, and aligned as SQLite aligns all of its memory, to 8 bytes.
    unsafe { file.cast::<LogFile>().write(log) };
}

/// What is below a log that SQLite has called us with.
struct Below {
    file: *mut sqlite3_file,
    methods: &'static sqlite3_io_methods,
}

impl Below {
    /// # Safety
    /// `file` must be one that [`make`] has made and that is not closed.
    unsafe fn of(file: *mut sqlite3_file) -> Self {
        // SAFETY: it was made of as much memory.
        let file = unsafe { below(file) };
        // SAFETY: it is open, so it has methods, and they are SQLite's own, which live as long as the process.
        let methods = unsafe { (*file).pMethods };
        Self {
            file,
            // SAFETY: as above.
            methods: unsafe { &*methods },
        }
    }

    /// Writes to the lower file; fails with SQLite's code.
    fn put(&self, bytes: &[u8], offset: i64) -> Result<(), c_int> {
        let Ok(length) = c_int::try_from(bytes.len()) else {
            return Err(SQLITE_IOERR);
        };
        let Some(method) = self.methods.xWrite else {
            return Err(SQLITE_IOERR);
        };
        // SAFETY: the file is open, and the bytes are as many as said.
        let code = unsafe { method(self.file, bytes.as_ptr().cast(), length, offset) };
        match code {
            SQLITE_OK => Ok(()),
            code => Err(code),
        }
    }
}

/// What has been gathered for a log.
///
/// # Safety
/// `file` must be one that [`make`] has made and that is not closed, and nothing else may look at it meanwhile: SQLite
/// uses a file from one thread at a time.
unsafe fn gathered<'a>(file: *mut sqlite3_file) -> &'a mut Gather {
    // SAFETY: it is a `LogFile`, and nobody else has it.
    unsafe { &mut (*file.cast::<LogFile>()).gather }
}

/// Puts what is held. Outside of a COMMIT that is what one has left that failed: it is forgotten, as others may have
/// written to the log since.
///
/// # Safety
/// As for [`gathered`].
unsafe fn flush(file: *mut sqlite3_file) -> Result<(), c_int> {
    // SAFETY: passed on.
    let below = unsafe { Below::of(file) };
    // SAFETY: passed on.
    let gather = unsafe { gathered(file) };
    if !is_committing() {
        gather.forget();
    }
    gather.flush(&mut |bytes, offset| below.put(bytes, offset))
}

unsafe extern "C" fn write(
    file: *mut sqlite3_file,
    bytes: *const c_void,
    length: c_int,
    offset: sqlite3_int64,
) -> c_int {
    let length = usize::try_from(length).unwrap_or(0);
    if bytes.is_null() {
        return SQLITE_IOERR;
    }
    // SAFETY: SQLite gives as many bytes as it says.
    let bytes = unsafe { slice::from_raw_parts(bytes.cast::<u8>(), length) };
    // SAFETY: SQLite calls this with an open log, from one thread at a time.
    let below = unsafe { Below::of(file) };
    // SAFETY: likewise.
    let gather = unsafe { gathered(file) };
    let result = if is_committing() {
        gather.write(bytes, offset, &mut |bytes, offset| below.put(bytes, offset))
    } else {
        gather.forget();
        below.put(bytes, offset)
    };
    result.err().unwrap_or(SQLITE_OK)
}

/// For methods that need nothing to be put first.
///
/// # Safety
/// None is needed; it has the form of [`flush`].
unsafe fn as_it_is(_file: *mut sqlite3_file) -> Result<(), c_int> {
    Ok(())
}

/// A method that the lower file has, called after another function.
macro_rules! forward {
    ($first:ident, $name:ident = $method:ident($($argument:ident: $type:ty),*)) => {
        unsafe extern "C" fn $name(file: *mut sqlite3_file $(, $argument: $type)*) -> c_int {
            // SAFETY: SQLite calls this with an open log, from one thread at a time.
            if let Err(code) = unsafe { $first(file) } {
                return code;
            }
            // SAFETY: likewise.
            let below = unsafe { Below::of(file) };
            let Some(method) = below.methods.$method else {
                return SQLITE_IOERR;
            };
            // SAFETY: the lower file is open, and the arguments are SQLite's, for this method.
            unsafe { method(below.file $(, $argument)*) }
        }
    };
}

forward!(flush, read = xRead(bytes: *mut c_void, length: c_int, offset: sqlite3_int64));
forward!(flush, truncate = xTruncate(size: sqlite3_int64));
forward!(flush, sync = xSync(flags: c_int));
forward!(flush, file_size = xFileSize(size: *mut sqlite3_int64));
forward!(as_it_is, lock = xLock(level: c_int));
forward!(as_it_is, unlock = xUnlock(level: c_int));
forward!(as_it_is, check_reserved_lock = xCheckReservedLock(is_reserved: *mut c_int));
forward!(as_it_is, file_control = xFileControl(operation: c_int, argument: *mut c_void));
forward!(as_it_is, sector_size = xSectorSize());
forward!(as_it_is, device_characteristics = xDeviceCharacteristics());
forward!(as_it_is, close_below = xClose());

unsafe extern "C" fn close(file: *mut sqlite3_file) -> c_int {
    // SAFETY: SQLite calls this with an open log, from one thread at a time; the lower file is not used after this.
    let closed = unsafe { close_below(file) };
    // SAFETY: `make` has made it, and SQLite does not use it after this. What is held was never committed.
    unsafe { file.cast::<LogFile>().drop_in_place() };
    closed
}
