//! Why a storage directory cannot be used.

use std::io;
use std::path::PathBuf;

use workmill_store::LeaseError;

/// Why the storage directory cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StorageDirError {
    /// There is something else at its place.
    #[error("the storage directory {} is a file; name a directory with -d", path.display())]
    File {
        /// Which.
        path: PathBuf,
    },
    /// It does not exist, and is only to be read.
    #[error("there is no storage directory {}; name the one of the server with -d", path.display())]
    Missing {
        /// Which.
        path: PathBuf,
    },
    /// It does not exist and cannot be made.
    #[error("cannot make the storage directory {}; name another one with -d", path.display())]
    Make {
        /// Which.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// The server's user has not the rights that it needs, or the file system is read-only.
    #[error("the server cannot write to {}; give its user the right to, or name another directory with -d", path.display())]
    Denied {
        /// The directory, the one that it would have to be made in, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// Whoever only reads it has not the right to.
    #[error("cannot read {}; run this as the server's user, or name another directory with -d", path.display())]
    Unreadable {
        /// The directory, or a file in it.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// It cannot be locked.
    #[error(transparent)]
    Lease(#[from] LeaseError),
    /// Another server uses it.
    #[error("the storage directory {} is in use by another server ({holder}); stop that one first, or name another directory with -d", path.display())]
    InUse {
        /// Which.
        path: PathBuf,
        /// What the lock file says about that server: its pid and where it listens.
        holder: String,
    },
    /// A server uses it, and it is to be read without one.
    #[error("the storage directory {} is in use by a server ({holder}); stop that one first, or check a copy", path.display())]
    Served {
        /// Which.
        path: PathBuf,
        /// As of [`InUse`](Self::InUse).
        holder: String,
    },
}
