//! What is special to the SQLite store: its file, its limits, its errors.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    reason = "what fails must stop the test"
)]

mod sqlite_fixture;

use std::fs;
use std::time::Duration;

use rusqlite::Connection;
use workmill_proto::Timestamp;
use workmill_store::sqlite::{DATABASE_FILE, Durability, SqliteStore};
use workmill_store::suite::{Fixture, job, push_one};
use workmill_store::{Reading as _, Store, StoreError, Tx};

type SqliteFixture = sqlite_fixture::SqliteFixture<0>;

fn refusal(fixture: &SqliteFixture) -> String {
    match SqliteStore::open(fixture.dir.path(), Durability::Always) {
        Err(StoreError::Open(text)) => text,
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_file_that_is_no_database_is_refused_and_kept() {
    let fixture = SqliteFixture::new();
    let path = fixture.dir.path().join(DATABASE_FILE);
    let letter = "Dear Sir or Madam, ".repeat(100);
    fs::write(&path, &letter).unwrap();
    assert!(refusal(&fixture).contains("is not a database"));
    assert_eq!(fs::read_to_string(&path).unwrap(), letter);
}

#[test]
fn a_database_of_another_program_is_refused_and_kept() {
    let fixture = SqliteFixture::new();
    let conn = fixture.connect();
    conn.execute_batch("CREATE TABLE theirs (x); INSERT INTO theirs VALUES (1)")
        .unwrap();
    drop(conn);
    let before = fs::read(fixture.dir.path().join(DATABASE_FILE)).unwrap();
    assert!(refusal(&fixture).contains("of another program"));
    assert_eq!(
        fs::read(fixture.dir.path().join(DATABASE_FILE)).unwrap(),
        before
    );
}

#[test]
fn a_newer_version_is_refused() {
    let mut fixture = SqliteFixture::new();
    drop(fixture.open());
    let conn = fixture.connect();
    conn.execute("UPDATE meta SET value = 999 WHERE name = 'schema'", ())
        .unwrap();
    drop(conn);
    let text = refusal(&fixture);
    assert!(
        text.contains("version 999") && text.contains("run the newer server"),
        "{text}"
    );
}

#[test]
fn a_missing_directory_is_refused() {
    let fixture = SqliteFixture::new();
    let missing = fixture.dir.path().join("missing");
    let error = SqliteStore::open(&missing, Durability::Always).unwrap_err();
    assert!(matches!(error, StoreError::Open(_)), "{error}");
}

#[test]
fn an_empty_file_becomes_a_database() {
    let mut fixture = SqliteFixture::new();
    fs::write(fixture.dir.path().join(DATABASE_FILE), "").unwrap();
    push_one(&mut fixture.open(), "a").unwrap();
    assert_eq!(
        fixture.open().begin().unwrap().totals().unwrap().queues["a"].size,
        1
    );
}

#[test]
fn what_was_committed_survives_the_end_of_the_process() {
    let mut fixture = SqliteFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    let mut tx = store.begin().unwrap();
    tx.enqueue(&[&job("0123456789", "b")], Timestamp::from_micros(0))
        .unwrap();
    // The files as a process leaves them that dies here.
    let copy = SqliteFixture::new();
    for name in [DATABASE_FILE.to_owned(), format!("{DATABASE_FILE}-wal")] {
        fs::copy(fixture.dir.path().join(&name), copy.dir.path().join(&name)).unwrap();
    }
    drop(tx);
    let mut found = SqliteStore::open(copy.dir.path(), Durability::Always).unwrap();
    let queues = found.begin().unwrap().totals().unwrap().queues;
    assert_eq!(queues.keys().collect::<Vec<_>>(), ["a"]);
}

#[test]
fn a_claimed_job_must_be_dealt_with_before_the_commit() {
    let mut fixture = SqliteFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    let mut tx = store.begin().unwrap();
    assert_eq!(tx.claim("a", 1).unwrap().len(), 1);
    assert!(matches!(tx.commit(), Err(StoreError::Inconsistent(_))));
    assert_eq!(store.begin().unwrap().claim("a", 1).unwrap().len(), 1);
}

#[test]
fn a_store_locked_by_another_program_goes_on_when_it_is_free_again() {
    let mut fixture = SqliteFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    // Another connection of this process is as good as another program, as long as it is not closed
    // before the store: that would drop the store's locks.
    let shell = Connection::open(fixture.dir.path().join(DATABASE_FILE)).unwrap();
    shell.execute_batch("BEGIN IMMEDIATE").unwrap();
    let busy = push_one(&mut store, "a").unwrap_err();
    assert!(matches!(busy, StoreError::Busy(_)), "{busy}");
    let text = busy.to_string();
    assert!(text.contains("nothing was changed, try again"), "{text}");
    shell.execute_batch("ROLLBACK").unwrap();
    push_one(&mut store, "a").unwrap();
    assert_eq!(store.begin().unwrap().totals().unwrap().queues["a"].size, 2);
    drop(store);
}

#[test]
fn commits_under_an_interval_are_synced_when_the_store_is_dropped() {
    let fixture = SqliteFixture::new();
    let durability = Durability::Interval(Duration::from_secs(3_600));
    let mut store = SqliteStore::open(fixture.dir.path(), durability).unwrap();
    push_one(&mut store, "a").unwrap();
    drop(store);
    let mut store = SqliteStore::open(fixture.dir.path(), durability).unwrap();
    assert_eq!(store.begin().unwrap().totals().unwrap().queues["a"].size, 1);
}

#[test]
fn a_reader_ends_with_its_store_and_leaves_the_files_alone() {
    let mut fixture = SqliteFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    let reader = store.reader();
    let readers: Vec<_> = (0..20)
        .map(|_| {
            let reader = reader.clone();
            std::thread::spawn(move || reader.totals().unwrap().queues["a"].size)
        })
        .collect();
    assert!(readers.into_iter().all(|one| one.join().unwrap() == 1));
    store.close().unwrap();
    let error = reader.totals().unwrap_err();
    assert!(error.to_string().contains("is closed"), "{error}");
    let left = fs::read_dir(fixture.dir.path()).unwrap();
    let left: Vec<_> = left.map(|file| file.unwrap().file_name()).collect();
    assert_eq!(left, [DATABASE_FILE]);
}

#[test]
fn a_reader_does_not_follow_a_name_that_leads_elsewhere() {
    let mut fixture = SqliteFixture::new();
    let mut store = fixture.open();
    push_one(&mut store, "a").unwrap();
    let other = SqliteFixture::new();
    let path = fixture.dir.path().join(DATABASE_FILE);
    fs::rename(&path, other.dir.path().join(DATABASE_FILE)).unwrap();
    fs::write(&path, "").unwrap();
    let error = store.reader().totals().unwrap_err();
    assert!(matches!(error, StoreError::Poisoned(_)), "{error}");
}
