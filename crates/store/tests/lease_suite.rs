//! The lease on a directory passes the suite of leases.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

use tempfile::TempDir;
use workmill_store::suite::LeaseFixture;
use workmill_store::{FileLease, lease_suite};

struct Directory(TempDir);

impl LeaseFixture for Directory {
    type L = FileLease;

    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn contender(&mut self) -> FileLease {
        FileLease::new(self.0.path())
    }
}

lease_suite!(Directory);
