//! How it is opened, damaged and counted.

use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::suite::Fixture;
use workmill_store::{EntryKey, JobKey};

#[derive(Default)]
pub(crate) struct MemoryFixture {
    disk: MemoryDisk,
}

impl Fixture for MemoryFixture {
    type S = MemoryStore;

    fn new() -> Self {
        Self::default()
    }

    fn open(&mut self) -> MemoryStore {
        MemoryStore::open(&self.disk)
    }

    fn plant_job(&mut self, key: JobKey, bytes: &[u8]) {
        assert!(self.disk.plant_job(key, bytes));
    }

    fn plant_entry(&mut self, key: EntryKey, bytes: &[u8]) {
        assert!(self.disk.plant_entry(key, bytes));
    }

    fn count_rows(&mut self) -> u64 {
        self.disk.count_rows() as u64
    }
}
