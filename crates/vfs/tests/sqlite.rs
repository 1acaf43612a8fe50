//! Real databases with a log that is written through the layer.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

use std::path::{Path, PathBuf};
use std::process::Command;

use rusqlite::{Connection, OpenFlags};
use tempfile::TempDir;

/// A database whose log is written through the layer.
fn open(path: &Path) -> Connection {
    let name = workmill_vfs::vfs_name().unwrap();
    let conn = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), name).unwrap();
    let mode: String = conn
        .pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))
        .unwrap();
    assert_eq!(mode, "wal");
    conn.pragma_update(None, "synchronous", "NORMAL").unwrap();
    conn.pragma_update(None, "wal_autocheckpoint", 0).unwrap();
    conn.execute_batch("CREATE TABLE IF NOT EXISTS t (id INTEGER PRIMARY KEY, x BLOB)")
        .unwrap();
    conn
}

/// A new one, in a directory of its own.
fn open_new() -> (TempDir, PathBuf, Connection) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = open(&path);
    (dir, path, conn)
}

/// What a process would find that opens the files as they are now, as after `kill -9`.
fn found(path: &Path) -> (i64, i64) {
    let copy = tempfile::tempdir().unwrap();
    let there = copy.path().join("copy.db");
    copy_file(path, &there);
    let log = |path: &Path| path.with_extension("db-wal");
    copy_file(&log(path), &log(&there));
    let conn = Connection::open(&there).unwrap();
    let ok: String = conn
        .query_row("PRAGMA integrity_check", [], |row| row.get(0))
        .unwrap();
    assert_eq!(ok, "ok");
    counted(&conn)
}

/// In a process of its own: a process that closes a database's file loses all the locks it has on it.
fn copy_file(from: &Path, to: &Path) {
    assert!(
        Command::new("cp")
            .args([from, to])
            .status()
            .unwrap()
            .success()
    );
}

fn counted(conn: &Connection) -> (i64, i64) {
    let sql = "SELECT count(*), coalesce(sum(length(x)), 0) FROM t";
    conn.query_row(sql, [], |row| Ok((row.get(0)?, row.get(1)?)))
        .unwrap()
}

fn run(conn: &Connection, sql: &str) {
    conn.execute_batch(sql).unwrap();
}

fn insert(conn: &Connection, rows: usize, bytes: usize) {
    for _ in 0..rows {
        conn.execute("INSERT INTO t (x) VALUES (zeroblob(?1))", [bytes])
            .unwrap();
    }
}

/// A transaction of so many rows.
fn commit_rows(conn: &Connection, rows: usize, bytes: usize) {
    run(conn, "BEGIN");
    insert(conn, rows, bytes);
    workmill_vfs::commit(|| run(conn, "COMMIT"));
}

/// Makes transactions outgrow the cache soon.
fn have_small_cache(conn: &Connection) {
    conn.pragma_update(None, "cache_size", 10).unwrap();
    conn.pragma_update(None, "cache_spill", 10).unwrap();
}

fn log_bytes(path: &Path) -> u64 {
    path.with_extension("db-wal").metadata().unwrap().len()
}

fn empty_log(conn: &Connection) {
    conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
        .unwrap();
}

#[test]
fn what_is_committed_is_in_the_file_before_the_commit_returns() {
    let (_dir, path, conn) = open_new();
    for rows in [1, 2, 100, 1, 1_000] {
        let before = counted(&conn).0;
        run(&conn, "BEGIN");
        insert(&conn, rows, 300);
        assert_eq!(found(&path).0, before, "nobody sees what is not committed");
        workmill_vfs::commit(|| run(&conn, "COMMIT"));
        assert_eq!(found(&path), counted(&conn));
    }
    assert_eq!(counted(&conn).0, 1_104);
}

#[test]
fn a_commit_without_the_callers_word_is_in_the_file_too() {
    let (_dir, path, conn) = open_new();
    for rows in 1..5 {
        insert(&conn, 1, 9_000);
        assert_eq!(found(&path).0, rows);
    }
}

#[test]
fn what_outgrows_the_cache_and_is_read_and_changed_again_is_right() {
    let (_dir, path, conn) = open_new();
    have_small_cache(&conn);
    for end in ["COMMIT", "ROLLBACK", "COMMIT"] {
        empty_log(&conn);
        let before = counted(&conn);
        run(&conn, "BEGIN");
        for _ in 0..5 {
            insert(&conn, 40, 1_000);
            // Pages that were written in this transaction are read, written over, and their checksums made again.
            run(&conn, "UPDATE t SET x = zeroblob(900) WHERE id % 3 = 0");
        }
        let within = counted(&conn);
        assert!(log_bytes(&path) > 0, "it has outgrown the cache");
        workmill_vfs::commit(|| run(&conn, end));
        let after = if end == "COMMIT" { within } else { before };
        assert_eq!(counted(&conn), after);
        assert_eq!(found(&path), after);
    }
}

#[test]
fn what_was_rolled_back_never_gets_in_the_way_of_others() {
    let (_dir, path, conn) = open_new();
    have_small_cache(&conn);
    commit_rows(&conn, 1, 300);
    empty_log(&conn);
    run(&conn, "BEGIN");
    insert(&conn, 40, 4_000);
    assert!(log_bytes(&path) > 0, "it has outgrown the cache");
    run(&conn, "ROLLBACK");
    // Of SQLite's own layer: writes to the same places of the log.
    let other = Connection::open(&path).unwrap();
    for _ in 0..30 {
        insert(&other, 1, 300);
    }
    assert_eq!(counted(&conn).0, 31);
    assert_eq!(found(&path).0, 31);
    drop(conn);
    assert_eq!(found(&path).0, 31);
}

#[test]
fn others_see_each_transaction_at_once() {
    let (_dir, path, conn) = open_new();
    let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    for round in 1..=50 {
        commit_rows(&conn, 1, 5_000);
        assert_eq!(counted(&reader).0, round);
        if round % 10 == 0 {
            // The log starts over.
            empty_log(&conn);
        }
    }
    drop(conn);
    assert_eq!(counted(&Connection::open(&path).unwrap()).0, 50);
}

#[test]
fn a_database_goes_on_where_it_was_closed() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    for round in 1..=3 {
        let conn = open(&path);
        commit_rows(&conn, 10, 300);
        assert_eq!(counted(&conn).0, round * 10);
    }
    assert!(!path.with_extension("db-wal").exists());
}

#[test]
fn an_index_that_is_to_be_kept_is_and_all_else_is_in_the_database() {
    let (_dir, path, conn) = open_new();
    workmill_vfs::keep_index(&conn).unwrap();
    conn.pragma_update(None, "journal_size_limit", 1 << 20)
        .unwrap();
    commit_rows(&conn, 10, 300);
    drop(conn);
    assert_eq!(log_bytes(&path), 0);
    let index = path.with_extension("db-shm").metadata().unwrap();
    assert_eq!(index.len(), INDEX_PART_BYTES as u64);
    let conn = open(&path);
    assert_eq!(counted(&conn).0, 10);
}

/// Opens what a killed process has left of a database of ten rows, with so many bytes of rubbish in its index; how long the
/// index is then.
fn opened_with_index(bytes: usize) -> usize {
    let (_dir, path, conn) = open_new();
    commit_rows(&conn, 10, 300);
    let copy = tempfile::tempdir().unwrap();
    let there = copy.path().join("a.db");
    copy_file(&path, &there);
    copy_file(
        &path.with_extension("db-wal"),
        &there.with_extension("db-wal"),
    );
    let index = there.with_extension("db-shm");
    std::fs::write(&index, vec![0xa5; bytes]).unwrap();
    let conn = open(&there);
    assert_eq!(counted(&conn).0, 10);
    commit_rows(&conn, 1, 300);
    assert_eq!(found(&there).0, 11);
    // To read it in this process would drop locks.
    let copied = copy.path().join("index");
    copy_file(&index, &copied);
    let index = std::fs::read(copied).unwrap();
    assert!(index.iter().skip(INDEX_PART_BYTES).all(|byte| *byte == 0));
    index.len()
}

/// By how much an index grows.
const INDEX_PART_BYTES: usize = 32_768;

#[test]
fn an_index_that_was_left_behind_is_cleared_and_needs_no_space() {
    for bytes in [3 * INDEX_PART_BYTES, 3 * INDEX_PART_BYTES + 5, 1 << 20] {
        assert_eq!(opened_with_index(bytes), bytes);
    }
    for bytes in [0, 3, 100, INDEX_PART_BYTES, (1 << 20) + 1, 40 << 20] {
        assert_eq!(opened_with_index(bytes), INDEX_PART_BYTES);
    }
}

#[test]
fn a_log_that_cannot_be_opened_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    drop(open(&path));
    std::fs::create_dir(path.with_extension("db-wal")).unwrap();
    let name = workmill_vfs::vfs_name().unwrap();
    let conn = Connection::open_with_flags_and_vfs(path, OpenFlags::default(), name).unwrap();
    conn.query_row("SELECT count(*) FROM t", [], |_| Ok(()))
        .unwrap_err();
}
