//! Files that somebody else touches while they are open.

use std::fs::{self, File, OpenOptions};
use std::path::Path;
use std::sync::atomic::Ordering;

use super::super::checkpointer::CHECKPOINT_COMMITS;
use super::*;

/// What somebody does to a file, and how that is called.
type Touch = (fn(&Path), &'static str);

fn delete(path: &Path) {
    fs::remove_file(path).unwrap();
}

fn move_away(path: &Path) {
    fs::rename(path, path.with_extension("moved")).unwrap();
}

fn replace(path: &Path) {
    let copy = path.with_extension("copy");
    fs::copy(path, &copy).unwrap();
    fs::rename(copy, path).unwrap();
}

fn cut_short(path: &Path) {
    let file = OpenOptions::new().write(true).open(path).unwrap();
    let bytes = file.metadata().unwrap().len();
    file.set_len(bytes / 2).unwrap();
}

fn empty(path: &Path) {
    File::create(path).unwrap();
}

const TOUCHES: [Touch; 5] = [
    (delete, "was deleted or moved away"),
    (move_away, "was deleted or moved away"),
    (replace, "was replaced by another file"),
    (cut_short, "was cut short"),
    (empty, "was cut short"),
];

/// A store with something in each of its files, and looked at once.
fn working(dir: &TempDir) -> SqliteStore {
    let mut store = open(dir);
    for _ in 0..20 {
        push(&mut store, &[&job("a", 9_000)]).unwrap();
    }
    store.checkpointer.reset_log(&store.conn);
    for _ in 0..20 {
        push(&mut store, &[&job("a", 10)]).unwrap();
    }
    store.checkpointer.files().check().unwrap();
    store
}

/// The file is named, and so is what was done to it.
fn assert_poisoned(store: &mut SqliteStore, name: &str, done: &str) {
    let error = store.begin().err().unwrap().to_string();
    assert!(error.contains(&format!("{name} {done}")), "{error}");
}

#[test]
fn a_touched_file_poisons_at_the_next_look() {
    for name in ["workmill.db", "workmill.db-wal", "workmill.db-shm"] {
        for (touch, done) in TOUCHES {
            let dir = tempfile::tempdir().unwrap();
            let mut store = working(&dir);
            touch(&dir.path().join(name));
            store.checkpointer.files().check().unwrap_err();
            assert_poisoned(&mut store, name, done);
            if !name.ends_with("-shm") {
                store.close().unwrap_err();
            } else {
                // SQLite would be killed by what it finds there.
                std::mem::forget(store);
            }
        }
    }
}

#[test]
fn a_log_that_was_cut_short_and_written_to_since_poisons_too() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = working(&dir);
    // Nobody looks at the files between the two steps.
    store.watch.end();
    empty(&dir.path().join("workmill.db-wal"));
    push(&mut store, &[&job("a", 10)]).unwrap();
    store.checkpointer.files().check().unwrap_err();
    assert_poisoned(&mut store, "workmill.db-wal", "was overwritten");
}

#[test]
fn an_overwritten_database_poisons_though_it_is_the_same_file() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    store.watch.end();
    push(&mut store, &[&job("a", 10)]).unwrap();
    let backup = dir.path().join("backup");
    let text = format!("VACUUM INTO '{}'", backup.display());
    store.conn.execute_batch(&text).unwrap();
    store.checkpointer.reset_log(&store.conn);
    store.checkpointer.files().check().unwrap();
    fs::copy(&backup, dir.path().join("workmill.db")).unwrap();
    store.checkpointer.files().check().unwrap_err();
    assert_poisoned(&mut store, "workmill.db", "was overwritten");
}

#[test]
fn files_are_looked_at_before_the_log_is_copied() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = working(&dir);
    replace(&dir.path().join("workmill.db"));
    let log = fs::read(dir.path().join("workmill.db-wal")).unwrap();
    store.checkpointer.reset_log(&store.conn);
    assert_poisoned(&mut store, "workmill.db", "was replaced");
    assert!(fs::read(dir.path().join("workmill.db-wal")).unwrap() == log);
}

#[test]
fn the_watch_looks_by_itself() {
    let dir = tempfile::tempdir().unwrap();
    let store = working(&dir);
    delete(&dir.path().join("workmill.db"));
    while store.poison.check().is_ok() {
        std::thread::yield_now();
    }
}

#[test]
fn what_the_store_and_honest_programs_do_is_no_touch() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = open(&dir);
    let check = |store: &SqliteStore| store.checkpointer.files().check().unwrap();
    check(&store);
    for round in 0..4 {
        for _ in 0..CHECKPOINT_COMMITS + 5 {
            push(&mut store, &[&job("a", 3_000)]).unwrap();
        }
        check(&store);
        store.checkpointer.wait();
        push(&mut store, &[&job("a", 10)]).unwrap();
        check(&store);
        let shell = rusqlite::Connection::open(dir.path().join(DATABASE_FILE)).unwrap();
        if round == 1 {
            let mut tx = store.begin().unwrap();
            tx.flush().unwrap();
            tx.commit().unwrap();
            while {
                let mut tx = store.begin().unwrap();
                let more = tx.sweep(10_000).unwrap().more;
                tx.commit().unwrap();
                more
            } {}
            shell.execute_batch("VACUUM").unwrap();
        }
        shell
            .query_row("PRAGMA wal_checkpoint(TRUNCATE)", (), |_| Ok(()))
            .unwrap();
        check(&store);
        store.checkpointer.reset_log(&store.conn);
        check(&store);
    }
    store.close().unwrap();
}

#[test]
fn a_log_that_is_just_being_begun_anew_is_not_taken_for_another() {
    let dir = tempfile::tempdir().unwrap();
    let mut store = working(&dir);
    for _ in 0..20 {
        push(&mut store, &[&job("a", 9_000)]).unwrap();
    }
    let files = Arc::clone(store.checkpointer.files());
    let of_the_old_log = files.frames().load(Ordering::Acquire);
    store.checkpointer.reset_log(&store.conn);
    push(&mut store, &[&job("a", 10)]).unwrap();
    // As it is between the first page of the new log and the end of its first commit.
    let of_the_new_log = files.frames().swap(of_the_old_log, Ordering::AcqRel);
    assert!(of_the_new_log < of_the_old_log);
    files.check().unwrap();
    files.frames().store(of_the_new_log, Ordering::Release);
    files.check().unwrap();
    push(&mut store, &[&job("a", 10)]).unwrap();
    files.check().unwrap();
}
