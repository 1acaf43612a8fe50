//! How it is opened, damaged and counted.

use rusqlite::Connection;
use tempfile::TempDir;
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore};
use workmill_store::suite::Fixture;
use workmill_store::{EntryKey, JobKey};

/// Opened with this durability each time.
pub(crate) struct SqliteFixture<const INTERVAL_MS: u64> {
    pub(crate) dir: TempDir,
}

impl<const INTERVAL_MS: u64> SqliteFixture<INTERVAL_MS> {
    /// A connection past the store. Only while none is open: closing it drops the store's locks.
    pub(crate) fn connect(&self) -> Connection {
        Connection::open(self.dir.path().join(DATABASE_FILE)).unwrap()
    }
}

impl<const INTERVAL_MS: u64> Fixture for SqliteFixture<INTERVAL_MS> {
    type S = SqliteStore;

    fn new() -> Self {
        Self {
            dir: tempfile::tempdir().unwrap(),
        }
    }

    fn open(&mut self) -> SqliteStore {
        let durability = match INTERVAL_MS {
            0 => Durability::Always,
            ms => Durability::Interval(std::time::Duration::from_millis(ms)),
        };
        SqliteStore::open(self.dir.path(), durability).unwrap()
    }

    fn plant_job(&mut self, key: JobKey, bytes: &[u8]) {
        let changed = self
            .connect()
            .execute("UPDATE jobs SET record = ?2 WHERE key = ?1", (key.0, bytes));
        assert_eq!(changed.unwrap(), 1);
    }

    fn plant_entry(&mut self, key: EntryKey, bytes: &[u8]) {
        let changed = self.connect().execute(
            "UPDATE entries SET record = ?2 WHERE serial = ?1",
            (key.serial, bytes),
        );
        assert_eq!(changed.unwrap(), 1);
    }

    fn count_rows(&mut self) -> u64 {
        let conn = self.connect();
        let tables = [
            "jobs",
            "reservations",
            "entries",
            "ends",
            "locks",
            "batches",
            "batch_details",
            "batch_links",
            "batch_dues",
            "tracks",
            "history",
            "failures",
            "trash",
            "trashed_jobs",
        ];
        let count = |table| {
            conn.query_row(&format!("SELECT count(*) FROM {table}"), (), |row| {
                row.get::<_, u64>(0)
            })
        };
        tables.into_iter().map(|table| count(table).unwrap()).sum()
    }
}
