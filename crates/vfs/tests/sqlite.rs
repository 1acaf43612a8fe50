//! Real databases with a log that is written through the layer.
#![expect(clippy::unwrap_used, reason = "what fails must stop the test")]

use std::path::Path;
use std::process::Command;

use rusqlite::{Connection, OpenFlags};

/// A database whose log is written through the layer, with the smallest cache, so that transactions spill.
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

fn insert(conn: &Connection, rows: usize, bytes: usize) {
    for _ in 0..rows {
        conn.execute("INSERT INTO t (x) VALUES (zeroblob(?1))", [bytes])
            .unwrap();
    }
}

#[test]
fn what_is_committed_is_in_the_file_before_the_commit_returns() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = open(&path);
    for rows in [1, 2, 100, 1, 1_000] {
        let before = found(&path).0;
        conn.execute_batch("BEGIN").unwrap();
        insert(&conn, rows, 300);
        assert_eq!(found(&path).0, before, "nobody sees what is not committed");
        conn.execute_batch("COMMIT").unwrap();
        assert_eq!(found(&path), counted(&conn));
    }
    assert_eq!(counted(&conn).0, 1_104);
}

#[test]
fn what_spills_and_is_read_and_changed_again_is_right() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = open(&path);
    conn.pragma_update(None, "cache_size", 2).unwrap();
    conn.pragma_update(None, "cache_spill", 2).unwrap();
    for end in ["COMMIT", "ROLLBACK", "COMMIT"] {
        let before = counted(&conn);
        conn.execute_batch("BEGIN").unwrap();
        for _ in 0..5 {
            insert(&conn, 40, 1_000);
            // Pages that were written in this transaction are read, written over, and their checksums made anew.
            conn.execute("UPDATE t SET x = zeroblob(900) WHERE id % 3 = 0", [])
                .unwrap();
        }
        let within = counted(&conn);
        conn.execute_batch(end).unwrap();
        let after = if end == "COMMIT" { within } else { before };
        assert_eq!(counted(&conn), after);
        assert_eq!(found(&path), after);
    }
}

#[test]
fn others_see_each_transaction_at_once() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.db");
    let conn = open(&path);
    let reader = Connection::open_with_flags(&path, OpenFlags::SQLITE_OPEN_READ_ONLY).unwrap();
    for round in 1..=50 {
        insert(&conn, 1, 5_000);
        assert_eq!(counted(&reader).0, round);
        if round % 10 == 0 {
            // The log begins anew.
            conn.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |_| Ok(()))
                .unwrap();
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
        insert(&conn, 10, 300);
        assert_eq!(counted(&conn).0, round * 10);
    }
    assert!(!path.with_extension("db-wal").exists());
}

#[test]
fn a_database_that_cannot_be_opened_is_an_error() {
    let dir = tempfile::tempdir().unwrap();
    let name = workmill_vfs::vfs_name().unwrap();
    let path = dir.path().join("missing").join("a.db");
    assert!(Connection::open_with_flags_and_vfs(path, OpenFlags::default(), name).is_err());
}
