//! Checking the files of a stopped store, of which nothing is changed.
//!
//! SQLite would fold a log in, make files beside the database, or refuse to read where it may not write. So a database
//! without transactions in its log is read as a file that cannot change. With some, it is read without locks, and the index of
//! the log, which readers share in a file, is kept in memory; the log stays as it is.

use std::ops::ControlFlow;
use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OpenFlags};

use super::found::{self, Paths};
use super::snapshot::SqliteSnapshot;
use super::wal::{self, Damage, LogContents};
use super::{failure, schema};
use crate::check::{Findings, ProblemKind, look_through};
use crate::{Predecessor, StoreError};

/// How many damages of the file are told.
const FILE_DAMAGES_MAX: usize = 20;

/// A layer of SQLite that takes no locks: whoever checks has the lease, so nobody writes.
const NO_LOCKS: &str = "unix-none";

/// Checks everything in the storage directory `dir`, which `predecessor` has used last. Whoever calls this keeps servers out
/// of it.
///
/// It takes as long as it takes to read the database twice; memory only for locks, batches and tracks.
///
/// # Errors
/// [`StoreError::Open`] if there is no database of this version, or the log beside it belongs to another one: a server would
/// not start either, or has to make a newer version of it first.
pub fn check_stopped(dir: &Path, predecessor: &Predecessor) -> Result<Findings, StoreError> {
    let paths = Paths::of(dir);
    let unreadable = |path: &Path, error: std::io::Error| {
        StoreError::Open(format!("cannot read {}: {error}", path.display()))
    };
    let log = wal::look_through(&paths.log).map_err(|error| unreadable(&paths.log, error))?;
    let epoch = found::read_epoch(&paths.database);
    let epoch = epoch.map_err(|error| unreadable(&paths.database, error))?;
    if log.commits > 0 {
        found::check_pair(&paths, epoch, &log)?;
    }
    if epoch.is_none() {
        return Err(StoreError::Open(format!(
            "there is no database in {}: name the storage directory with -d",
            dir.display()
        )));
    }
    let conn = open(&paths.database, &log)?;
    schema::check_current(&conn, &paths.database)?;
    let mut findings = Findings::default();
    note_log(&log, &mut findings);
    if let Predecessor::Vanished { holder } = predecessor
        && found::is_empty(&paths.log)
    {
        findings.add(ProblemKind::LogGone, || {
            format!("the last server ({holder}) cannot have copied all of it into the database")
        });
    }
    let transaction = conn.unchecked_transaction();
    let transaction = transaction.map_err(|error| failure::of_open(&paths.database, &error))?;
    let looked = check_file(&transaction, &mut findings)
        .and_then(|()| look_through(&mut SqliteSnapshot::new(&transaction), &mut findings));
    if let Err(error) = looked {
        findings.add(ProblemKind::File, || {
            format!("it cannot be read to its end: {error}")
        });
    }
    Ok(findings)
}

fn open(path: &Path, log: &LogContents) -> Result<Connection, StoreError> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let opened = match log.commits {
        0 => Connection::open_with_flags(unchanging(path), flags | OpenFlags::SQLITE_OPEN_URI),
        _ => Connection::open_with_flags_and_vfs(path, flags, NO_LOCKS),
    };
    let configured = opened.and_then(|conn| {
        conn.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        // Before anything is read: then there is no index in a file.
        conn.query_row("PRAGMA locking_mode = EXCLUSIVE", (), |_| Ok(()))?;
        schema::configure_reader(&conn)?;
        Ok(conn)
    });
    configured.map_err(|error| failure::of_open(path, &error))
}

/// The name of a file that SQLite need not look at twice, and beside which it looks for nothing.
fn unchanging(path: &Path) -> String {
    let mut uri = String::from("file:");
    for &byte in path.as_os_str().as_encoded_bytes() {
        match byte {
            b'/' | b'.' | b'-' | b'_' => uri.push(char::from(byte)),
            byte if byte.is_ascii_alphanumeric() => uri.push(char::from(byte)),
            byte => uri.push_str(&format!("%{byte:02X}")),
        }
    }
    uri + "?immutable=1"
}

fn note_log(log: &LogContents, findings: &mut Findings) {
    findings.count("transactions in the log", log.commits);
    if let Some(Damage {
        frame,
        commits_behind,
        ..
    }) = log.damage
    {
        findings.add(ProblemKind::Log, || {
            format!("frame {frame}: {commits_behind} transactions come behind it")
        });
    }
}

/// Looks at the pages of the database, whatever they mean.
fn check_file(conn: &Connection, findings: &mut Findings) -> Result<(), StoreError> {
    let check = format!("PRAGMA quick_check({FILE_DAMAGES_MAX})");
    SqliteSnapshot::new(conn).rows(&check, (), |row| {
        let line: String = row.get(0)?;
        if line != "ok" {
            findings.add(ProblemKind::File, || line.replace('\n', "; "));
        }
        Ok(ControlFlow::Continue(()))
    })
}
