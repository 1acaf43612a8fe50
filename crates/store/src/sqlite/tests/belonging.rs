//! Databases and logs that do not belong together, or are damaged, and every moment at which a crash leaves them.

use std::fs::{self, OpenOptions, Permissions};
use std::os::unix::fs::{FileExt as _, PermissionsExt as _, symlink};
use std::path::PathBuf;

use super::super::checkpointer::CHECKPOINT_COMMITS;
use super::super::found::{Paths, look};
use super::super::wal::look_through;
use super::*;

/// Copies the files of a running store, as a crash of its process would leave them.
fn crash(dir: &TempDir) -> TempDir {
    let left = tempfile::tempdir().unwrap();
    for name in ["workmill.db", "workmill.db-wal"] {
        let from = dir.path().join(name);
        if from.exists() {
            fs::copy(from, left.path().join(name)).unwrap();
        }
    }
    left
}

fn push_many(store: &mut SqliteStore, jobs: u32) {
    for _ in 0..jobs {
        push(store, &[&job("a", 10)]).unwrap();
    }
}

/// Copies the log into the database and begins the next one.
fn reset_log(store: &mut SqliteStore) {
    store.checkpointer.reset_log(&store.conn);
}

fn size(dir: &TempDir) -> u64 {
    totals(&mut open(dir)).queues["a"].size
}

fn refusal(dir: &TempDir) -> String {
    let before = fs::read(dir.path().join("workmill.db-wal")).unwrap();
    let error = SqliteStore::open(dir.path(), Durability::Always).unwrap_err();
    assert!(matches!(error, StoreError::Open(_)), "{error:?}");
    let after = fs::read(dir.path().join("workmill.db-wal")).unwrap();
    assert!(before == after, "the log was touched");
    error.to_string()
}

/// A backup, made as people make it.
fn back_up(dir: &TempDir, store: &SqliteStore) -> PathBuf {
    let path = dir.path().join("backup");
    let text = format!("VACUUM INTO '{}'", path.display());
    store.conn.execute_batch(&text).unwrap();
    path
}

#[test]
fn a_clean_stop_leaves_everything_in_the_database() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let reader = store.reader();
    push_many(&mut store, 3);
    reader.totals().unwrap();
    store.close().unwrap();
    let copy = tempfile::tempdir().unwrap();
    fs::copy(
        dir.path().join("workmill.db"),
        copy.path().join("workmill.db"),
    )
    .unwrap();
    assert_eq!(size(&copy), 3);
    let log = fs::metadata(dir.path().join("workmill.db-wal"));
    assert!(log.is_err() || log.unwrap().len() == 0);
    assert!(
        reader
            .totals()
            .unwrap_err()
            .to_string()
            .contains("is closed")
    );
}

#[test]
fn a_backup_beside_the_log_of_another_time_is_refused() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 3);
    let backup = back_up(&dir, &store);
    reset_log(&mut store);
    push_many(&mut store, 4);
    let left = crash(&dir);
    fs::copy(&backup, left.path().join("workmill.db")).unwrap();
    let error = refusal(&left);
    assert!(error.contains("does not belong to"), "{error}");
    // As the message says.
    fs::remove_file(left.path().join("workmill.db-wal")).unwrap();
    assert_eq!(size(&left), 3);
}

#[test]
fn a_backup_of_an_earlier_run_is_refused_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 3);
    store.close().unwrap();
    let backup = fs::read(dir.path().join("workmill.db")).unwrap();
    for _ in 0..2 {
        let mut store = open(&dir);
        push_many(&mut store, 1);
        let left = crash(&dir);
        fs::write(left.path().join("workmill.db"), &backup).unwrap();
        assert!(refusal(&left).contains("does not belong to"));
        store.close().unwrap();
    }
}

#[test]
fn a_log_without_its_database_is_refused_and_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 3);
    let left = crash(&dir);
    let database = left.path().join("workmill.db");
    let whole = fs::read(&database).unwrap();
    fs::write(&database, "").unwrap();
    assert!(refusal(&left).contains("is missing or empty"));
    fs::remove_file(&database).unwrap();
    assert!(refusal(&left).contains("is missing or empty"));
    assert!(!database.exists());
    fs::write(&database, whole).unwrap();
    assert_eq!(size(&left), 3);
}

#[test]
fn a_crash_at_any_step_leaves_what_belongs_together() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    assert_eq!(totals(&mut open(&crash(&dir))).queues.len(), 0);
    let mut pushed = 0;
    for _ in 0..3 {
        push_many(&mut store, 2);
        pushed += 2;
        assert_eq!(size(&crash(&dir)), pushed);
        // The steps of `reset_log`.
        let epoch = epoch::draw(&store.conn).unwrap();
        store.checkpointer.marks().begin(&store.conn, epoch);
        assert_eq!(size(&crash(&dir)), pushed);
        reset_log(&mut store);
        assert_eq!(size(&crash(&dir)), pushed);
    }
    store.close().unwrap();
    assert_eq!(size(&dir), pushed);
}

#[test]
fn the_log_begins_anew_only_with_its_mark() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let log = Paths::of(dir.path()).log;
    let header = || fs::read(&log).unwrap()[..32].to_vec();
    let begun = header();
    push_many(&mut store, 2);
    // Whoever copies the whole log.
    for _ in 0..2 {
        let other = rusqlite::Connection::open(Paths::of(dir.path()).database).unwrap();
        let copy = "PRAGMA wal_checkpoint(PASSIVE)";
        other.query_row(copy, (), |_| Ok(())).unwrap();
        push_many(&mut store, 1);
        assert_eq!(header(), begun);
    }
    push_many(&mut store, CHECKPOINT_COMMITS);
    store.checkpointer.wait();
    push_many(&mut store, 1);
    assert_ne!(header(), begun);
    let contents = look_through(&log).unwrap();
    assert!(!contents.epochs.is_empty(), "{contents:?}");
}

/// A program that writes keeps the log from getting its mark; a full disk would do the same.
#[test]
fn a_log_that_began_without_its_mark_gets_it_later() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 5);
    store.conn.pragma_update(None, "busy_timeout", 0).unwrap();
    let other = rusqlite::Connection::open(Paths::of(dir.path()).database).unwrap();
    let mut pushed = 5;
    for ends_at_once in [false, true] {
        // The steps of `reset_log`.
        let end = store.checkpointer.marks().end(&store.conn).unwrap();
        begin_anew_without_epoch(&store);
        store.checkpointer.files().note_log_ended(end);
        other.execute_batch("BEGIN IMMEDIATE").unwrap();
        let beginning = end.wrapping_add(1);
        store.checkpointer.marks().begin(&store.conn, beginning);
        assert_eq!(store.checkpointer.marks().end(&store.conn), None);
        other.execute_batch("COMMIT").unwrap();
        assert_eq!(size(&crash(&dir)), pushed);
        if ends_at_once {
            store.checkpointer.marks().end(&store.conn).unwrap();
        } else {
            push_many(&mut store, 1);
            pushed += 1;
        }
        let log = look_through(&Paths::of(dir.path()).log).unwrap();
        assert_eq!(log.epochs.first(), Some(&beginning));
        assert_eq!(size(&crash(&dir)), pushed);
        push_many(&mut store, 1);
        pushed += 1;
        assert_eq!(size(&crash(&dir)), pushed);
    }
}

#[test]
fn a_store_of_the_version_before_is_opened_with_its_log() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    // It knows no epochs.
    store.checkpointer.marks().begin(&store.conn, 0);
    begin_anew_without_epoch(&store);
    push_many(&mut store, 3);
    let left = crash(&dir);
    let found = look(left.path()).unwrap();
    assert_eq!((found.epoch, &*found.log.epochs), (0, &[][..]));
    let mut reopened = open(&left);
    assert_eq!(totals(&mut reopened).queues["a"].size, 3);
    push_many(&mut reopened, 1);
    assert_eq!(size(&crash(&left)), 4);
    reset_log(&mut reopened);
    push_many(&mut reopened, 1);
    assert_eq!(size(&crash(&left)), 5);
}

fn begin_anew_without_epoch(store: &SqliteStore) {
    store.checkpointer.release_log();
    epoch::checkpoint(&store.conn).unwrap();
}

#[test]
fn transactions_behind_a_damaged_frame_are_counted_and_the_log_is_kept() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 9);
    let left = crash(&dir);
    let log = left.path().join("workmill.db-wal");
    let whole = fs::read(&log).unwrap();
    let commits = look(left.path()).unwrap().log.commits;
    let frame = 4_120;
    let last = (whole.len() - 32) / frame;
    // A bit of a page, a salt, a checksum, of the first and the last frame; and the header.
    for (at, is_damage) in [
        (32 + 500, true),
        (32 + 9, true),
        (32 + 17, true),
        (32 + frame * (last - 1) + 500, false),
        (17, true),
        (30, true),
    ] {
        let mut flipped = whole.clone();
        flipped[at] ^= 4;
        fs::write(&log, &flipped).unwrap();
        let found = look_through(&log).unwrap();
        assert_eq!(found.damage.is_some(), is_damage, "{at}: {found:?}");
        let Some(damage) = found.damage else { continue };
        assert!(commits - damage.commits_behind <= 1, "{at}: {damage:?}");
        drop(open(&left));
        let kept = left.path().join("workmill.db-wal.damaged-1");
        assert!(fs::read(&kept).unwrap() == flipped, "{at}");
        assert_eq!(
            fs::metadata(&kept).unwrap().permissions().mode() & 0o777,
            0o600
        );
        fs::remove_file(kept).unwrap();
        // What was behind the damage is not found again.
        open(&left).close().unwrap();
        assert!(
            !left.path().join("workmill.db-wal.damaged-1").exists(),
            "{at}"
        );
        for name in ["workmill.db", "workmill.db-wal"] {
            fs::copy(crash(&dir).path().join(name), left.path().join(name)).unwrap();
        }
    }
}

#[test]
fn a_torn_end_and_frames_of_an_older_log_are_no_damage() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 20);
    reset_log(&mut store);
    push_many(&mut store, 2);
    let left = crash(&dir);
    let path = left.path().join("workmill.db-wal");
    let log = OpenOptions::new()
        .read(true)
        .write(true)
        .open(&path)
        .unwrap();
    let found = look_through(&path).unwrap();
    assert_eq!(found.damage, None);
    assert!(log.metadata().unwrap().len() > 32 + 4_120 * 20);
    // Frames of a transaction that never committed, without one before them.
    let mut frame = vec![0; 24];
    log.read_exact_at(&mut frame, 32).unwrap();
    frame[4..8].fill(0);
    for index in 12..15 {
        log.write_all_at(&frame, 32 + 4_120 * index).unwrap();
    }
    assert_eq!(look_through(&path).unwrap().damage, None);
    // But such a transaction that did commit is.
    frame[7] = 1;
    log.write_all_at(&frame, 32 + 4_120 * 15).unwrap();
    assert!(look_through(&path).unwrap().damage.is_some());
}

#[test]
fn files_are_for_their_owner_alone() {
    let dir = tempfile::tempdir().unwrap();
    for mode in [None, Some(0o644), Some(0o660)] {
        if let Some(mode) = mode {
            fs::set_permissions(dir.path().join("workmill.db"), Permissions::from_mode(mode))
                .unwrap();
        }
        let store = open(&dir);
        for name in ["workmill.db", "workmill.db-wal", "workmill.db-shm"] {
            let found = fs::metadata(dir.path().join(name))
                .unwrap()
                .permissions()
                .mode();
            assert_eq!(found & 0o777, 0o600, "{name} {mode:?}");
        }
        store.close().unwrap();
    }
}

#[test]
fn links_in_place_of_files_are_refused_and_not_followed() {
    for name in [
        "workmill.db",
        "workmill.db-wal",
        "workmill.db-shm",
        "workmill.db-journal",
    ] {
        for text in [Some("precious"), None] {
            let dir = tempfile::tempdir().unwrap();
            let target = dir.path().join("target");
            if let Some(text) = text {
                fs::write(&target, text).unwrap();
            }
            symlink(&target, dir.path().join(name)).unwrap();
            let error = SqliteStore::open(dir.path(), Durability::Always).unwrap_err();
            assert!(
                error.to_string().contains("is a symbolic link"),
                "{name}: {error}"
            );
            assert_eq!(fs::read_to_string(&target).ok().as_deref(), text, "{name}");
        }
    }
}

/// Damages a frame of the log, and pages of the database as if they lacked what was in that frame.
#[test]
fn a_database_that_a_damaged_log_leaves_inconsistent_is_refused_every_time() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    push_many(&mut store, 60);
    reset_log(&mut store);
    push_many(&mut store, 9);
    let left = crash(&dir);
    let (log, database) = (
        left.path().join("workmill.db-wal"),
        left.path().join("workmill.db"),
    );
    let mut bytes = fs::read(&log).unwrap();
    bytes[32 + 4_120 + 500] ^= 4;
    fs::write(&log, &bytes).unwrap();
    let sound = fs::read(&database).unwrap();
    let mut spoiled = sound.clone();
    let pages = spoiled.len() / 4_096;
    // All but the first say that they are pages of no known kind.
    for page in 1..pages {
        spoiled[page * 4_096] = 0x77;
    }
    fs::write(&database, spoiled).unwrap();
    for _ in 0..3 {
        let error = SqliteStore::open(left.path(), Durability::Always).unwrap_err();
        let text = error.to_string();
        assert!(text.contains("restore a backup"), "{text}");
        assert!(fs::read(&log).unwrap() == bytes);
    }
    assert!(!left.path().join("workmill.db-wal.damaged-2").exists());
    fs::write(&database, sound).unwrap();
    open(&left).close().unwrap();
}
