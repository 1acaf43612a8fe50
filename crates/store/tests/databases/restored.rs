//! Storage directories as older versions have left them.

use rusqlite::Connection;
use tempfile::TempDir;
use workmill_store::reading::Bounds;
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore};
use workmill_store::{Place, Reading, Store as _};

pub(crate) const VERSION_3: &str = include_str!("version-3.sql");
pub(crate) const VERSION_6: &str = include_str!("version-6.sql");
pub(crate) const VERSION_9: &str = include_str!("version-9.sql");

/// A storage directory with such a database.
pub(crate) fn restore(dump: &str) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let conn = Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
    conn.execute_batch(dump).unwrap();
    dir
}

/// A storage directory with one of everything, as today's store keeps it.
pub(crate) fn restore_migrated() -> TempDir {
    let dir = restore(VERSION_9);
    let store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    store.close().unwrap();
    dir
}

/// The ids of all jobs of a place.
pub(crate) fn jids(reader: &impl Reading, place: &Place) -> Vec<String> {
    let slice = reader.jobs(place, None, Bounds::of_rows(100)).unwrap();
    assert_eq!(slice.next, None);
    let jobs = slice.items.into_iter().map(|found| found.job.unwrap());
    jobs.map(|job| job.jid.to_string()).collect()
}
