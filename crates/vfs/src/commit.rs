//! Whether a COMMIT is under way.

use std::cell::Cell;

thread_local! {
    static IS_COMMITTING: Cell<bool> = const { Cell::new(false) };
}

/// Runs a COMMIT of a connection to this layer: what it writes to the log is gathered.
///
/// Only that: SQLite also writes to the log when a transaction outgrows its cache. Such pages must be in the file at once,
/// as they would outlive a ROLLBACK, and with it the lock that keeps others from writing to the same places.
pub fn commit<T>(run: impl FnOnce() -> T) -> T {
    let _end = End(IS_COMMITTING.replace(true));
    run()
}

/// Whether this thread is within a [`commit`].
pub(crate) fn is_committing() -> bool {
    IS_COMMITTING.get()
}

/// Ends a COMMIT, also if it panics.
struct End(bool);

impl Drop for End {
    fn drop(&mut self) {
        IS_COMMITTING.set(self.0);
    }
}
