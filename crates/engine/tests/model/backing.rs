//! Where the jobs of a run are kept: in memory, and for some runs in the database that a server has.

use std::time::Duration;

use tempfile::TempDir;
use workmill_store::Store;
use workmill_store::check::{Findings, check};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::sqlite::{Durability, SqliteStore};

/// What outlives a store: one that is opened again finds what was committed.
pub trait Backing {
    type S: Store;

    /// An empty one.
    fn new() -> Self;

    fn open(&self) -> Self::S;

    /// What of all that a store keeps does not agree.
    fn check(store: &Self::S) -> Findings;
}

impl Backing for MemoryDisk {
    type S = MemoryStore;

    fn new() -> Self {
        Self::default()
    }

    fn open(&self) -> MemoryStore {
        MemoryStore::open(self)
    }

    fn check(store: &MemoryStore) -> Findings {
        check(&store.reader()).unwrap()
    }
}

impl Backing for TempDir {
    type S = SqliteStore;

    fn new() -> Self {
        tempfile::tempdir().unwrap()
    }

    fn open(&self) -> SqliteStore {
        let durability = Durability::Interval(Duration::from_secs(3_600));
        SqliteStore::open(self.path(), durability).unwrap()
    }

    fn check(store: &SqliteStore) -> Findings {
        check(&store.reader()).unwrap()
    }
}
