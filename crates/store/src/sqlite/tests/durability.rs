//! Syncing the log, copying it into the database, and what is left when either fails.

use super::super::checkpointer::{CHECKPOINT_COMMITS, Copied, note_checkpointed};
use super::super::interval::IntervalSync;
use super::super::log::Log;
use super::*;

/// A log that cannot be synced, for a store with this poison.
fn unsyncable(poison: &Poison) -> Arc<Log> {
    Arc::new(Log::open(Path::new("/dev/null"), poison.clone(), &Arc::default()).unwrap())
}

#[test]
fn a_sync_covers_what_was_committed_and_is_wanted_only_then() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    let mut syncer = store.syncer();
    assert!(!store.wants_sync());
    push(&mut store, &[&job("a", 10)]).unwrap();
    assert!(store.wants_sync());
    syncer.sync().unwrap();
    assert!(!store.wants_sync());
    // What changes nothing wants no sync.
    store.begin().unwrap().commit().unwrap();
    assert!(!store.wants_sync());
}

#[test]
fn a_failed_sync_poisons() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = SqliteStore::open(dir.path(), Durability::Always).unwrap();
    store.log = unsyncable(&store.poison);
    let mut syncer = store.syncer();
    syncer.sync().expect("nothing is to be synced");
    push(&mut store, &[&job("a", 10)]).unwrap();
    assert!(matches!(syncer.sync(), Err(StoreError::Poisoned(_))));
    // It must not be taken for done because nothing was committed since.
    assert!(matches!(syncer.sync(), Err(StoreError::Poisoned(_))));
    assert!(matches!(store.begin().err(), Some(StoreError::Poisoned(_))));
}

#[test]
fn a_failed_sync_at_an_interval_poisons() {
    let poison = Poison::default();
    let log = unsyncable(&poison);
    let sync = IntervalSync::start(Arc::clone(&log), Duration::from_secs(3_600), poison.clone());
    poison.check().unwrap();
    log.note_commit();
    drop(sync.unwrap());
    assert!(matches!(poison.check(), Err(StoreError::Poisoned(_))));
}

#[test]
fn closing_tells_that_the_last_sync_failed() {
    for durability in [
        Durability::Always,
        Durability::Interval(Duration::from_secs(3_600)),
    ] {
        let dir = tempfile::tempdir().unwrap();
        let mut store = SqliteStore::open(dir.path(), durability).unwrap();
        store.log = unsyncable(&store.poison);
        push(&mut store, &[&job("a", 10)]).unwrap();
        let error = store.close().unwrap_err();
        assert!(
            matches!(&error, StoreError::Poisoned(reason) if reason.contains("syncing")),
            "{error}"
        );
        open(&dir).close().unwrap();
    }
}

#[test]
fn the_log_is_copied_into_the_database_after_many_commits() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let frames = |store: &SqliteStore| -> i64 {
        let pragma = "PRAGMA wal_checkpoint(PASSIVE)";
        store.conn.query_row(pragma, (), |row| row.get(1)).unwrap()
    };
    for _ in 0..3 {
        for _ in 0..CHECKPOINT_COMMITS {
            push(&mut store, &[&job("a", 10)]).unwrap();
        }
        store.checkpointer.wait();
        // The first copies the rest, the second starts the log over.
        for _ in 0..2 {
            push(&mut store, &[&job("a", 10)]).unwrap();
        }
        assert!(frames(&store) < 10, "{}", frames(&store));
    }
}

#[test]
fn large_commits_have_the_log_copied_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let large = job("a", 1 << 20);
    // Each has more than 250 frames.
    for _ in 0..3 {
        for _ in 0..17 {
            push(&mut store, &[&large]).unwrap();
        }
        store.checkpointer.wait();
        for _ in 0..2 {
            push(&mut store, &[&job("a", 10)]).unwrap();
        }
    }
    drop(
        store
            .conn
            .query_row("PRAGMA wal_checkpoint(PASSIVE)", (), |_| Ok(())),
    );
    let log = dir.path().join("workmill.db-wal");
    let bytes = std::fs::metadata(log).unwrap().len();
    assert!(
        bytes < 30 << 20,
        "the log did not start over: {bytes} bytes"
    );
}

#[test]
fn a_failed_sync_of_what_was_copied_poisons_and_nothing_else_does() {
    let failed = |code| {
        let poison = Poison::default();
        let error = rusqlite::Error::SqliteFailure(rusqlite::ffi::Error::new(code), None);
        assert_eq!(note_checkpointed(Err(error), &poison), Copied::Unknown);
        poison.check().is_err()
    };
    assert!(failed(rusqlite::ffi::SQLITE_IOERR_FSYNC));
    for code in [
        rusqlite::ffi::SQLITE_IOERR_WRITE,
        rusqlite::ffi::SQLITE_FULL,
        rusqlite::ffi::SQLITE_BUSY,
    ] {
        assert!(!failed(code), "{code}");
    }
}

#[test]
fn a_poisoned_store_keeps_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push(&mut store, &[&job("a", 10)]).unwrap();
    store.poison.set("the database could not be synced".into());
    store.close().unwrap_err();
    let log = dir.path().join("workmill.db-wal");
    assert!(std::fs::metadata(log).unwrap().len() > 0);
    assert_eq!(totals(&mut open(&dir)).queues["a"].size, 1);
}
