//! Who may write.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use workmill_proto::Timestamp;

use crate::StoreError;

/// A right that can be given up.
pub trait Resign {
    /// Gives it up, so that others can have it at once, and know that all is done. Nothing if it is not had. Nothing must be
    /// written to the store any more.
    ///
    /// # Errors
    /// It could not be said: others may have to wait as if its holder had vanished.
    fn resign(&mut self) -> Result<(), LeaseError>;
}

/// The right to open a store and write to it, which one server has at a time. A contender that has it keeps it until it
/// resigns, or vanishes: then others get it after [`lasts`](Self::lasts) at the latest.
pub trait Lease: Resign {
    /// Takes it for `holder`, a text that tells others where that server is, if nobody has it at `now`, a moment of the
    /// wall clock. One that has it already keeps it, and from `now` on it lasts as long again.
    fn acquire(&mut self, holder: &str, now: Timestamp) -> Result<Acquired, LeaseError>;

    /// How long others may have to wait for it after its holder vanished; zero where that is noticed at once.
    fn lasts(&self) -> Duration;
}

/// What came of trying to take a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Acquired {
    /// It belongs to who tried.
    Ours {
        /// Who had it before.
        predecessor: Predecessor,
    },
    /// It belongs to somebody else.
    Theirs {
        /// What that one says of itself, without control characters.
        holder: String,
    },
}

/// How the last one who had a lease came to an end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Predecessor {
    /// Nobody ever had it.
    Nobody,
    /// It resigned, or it is not known how it ended.
    Resigned,
    /// It never resigned, so it may have left its work half done.
    Vanished {
        /// What it said of itself, without control characters.
        holder: String,
    },
}

/// Why a lease cannot be taken or given up. Nobody's claim has changed.
#[derive(Debug, thiserror::Error)]
pub enum LeaseError {
    /// Where a file of the server's own belongs, there is something else: to write to it could change what lies elsewhere.
    #[error("{} is {what}; move it away, the server makes a file of its own there", path.display())]
    NoFile {
        /// Which.
        path: PathBuf,
        /// What it is.
        what: &'static str,
    },
    /// The database cannot be asked.
    #[error(transparent)]
    Database(StoreError),
    /// The directory or the lock file cannot be opened, locked or written.
    #[error("cannot lock the storage directory with {}", path.display())]
    Lock {
        /// The directory or the lock file.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
}
