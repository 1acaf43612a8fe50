//! The tables, the versions they went through, and the settings of a connection.

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::{Connection, OptionalExtension};

use super::failure;
use crate::StoreError;

/// "WkMl": tells a Workmill database from any other SQLite file.
const APPLICATION_ID: i32 = 0x576b_4d6c;

/// Each step brings the tables from the version that is its index to the next. Never change one that has
/// been released: append.
const MIGRATIONS: &[&str] = &["
CREATE TABLE meta (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;
INSERT INTO meta VALUES ('schema', 0), ('working', 0), ('last_serial', 0), ('ends_generation', 0);
-- key: queue id and position. A reserved job stays here.
CREATE TABLE jobs (key INTEGER PRIMARY KEY, record BLOB NOT NULL);
CREATE TABLE reservations (
    key INTEGER PRIMARY KEY, jid TEXT NOT NULL, wid TEXT NOT NULL,
    reserved_at INTEGER NOT NULL, expires_at INTEGER NOT NULL);
-- state: 0 live, 1 removed (reserved jobs spared), 2 flushed, 3 free for a new name.
CREATE TABLE queues (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, state INTEGER NOT NULL, paused INTEGER NOT NULL,
    size INTEGER NOT NULL, position_next INTEGER NOT NULL, position_front INTEGER NOT NULL);
CREATE TABLE sets (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL, cleared INTEGER NOT NULL);
INSERT INTO sets VALUES (1, 'scheduled', 0, 0), (2, 'retries', 0, 0), (3, 'dead', 0, 0);
CREATE TABLE entries (
    set_id INTEGER NOT NULL, at INTEGER NOT NULL, serial INTEGER NOT NULL, record BLOB NOT NULL,
    PRIMARY KEY (set_id, at, serial)) WITHOUT ROWID;
CREATE TABLE ends (
    id INTEGER PRIMARY KEY, generation INTEGER NOT NULL, at INTEGER NOT NULL,
    jid TEXT NOT NULL, wid TEXT NOT NULL);
CREATE INDEX ends_by_time ON ends (generation, at);
CREATE INDEX ends_by_job ON ends (generation, jid, wid);
-- day: UTC days since 1970-01-01; the smallest integer stands for all time.
CREATE TABLE counters (
    day INTEGER PRIMARY KEY, processed INTEGER NOT NULL, failures INTEGER NOT NULL);
", "
-- All that a commit changes besides jobs, in one B-tree: while little is reserved it is one page, and one frame of
-- the log instead of four. What the columns are is told by the views, where a key belongs by `place.rs`.
CREATE TABLE live (key INTEGER PRIMARY KEY, a, b, c, d, e, f);
INSERT INTO live (key, a, b)
    SELECT day - 1099511627776, processed, failures FROM counters WHERE day > -9223372036854775808;
INSERT INTO live (key, a, b, c, d, e) SELECT -1073741824,
    (SELECT value FROM meta WHERE name = 'working'),
    (SELECT coalesce(sum(processed), 0) FROM counters WHERE day = -9223372036854775808),
    (SELECT coalesce(sum(failures), 0) FROM counters WHERE day = -9223372036854775808),
    (SELECT value FROM meta WHERE name = 'last_serial'),
    (SELECT value FROM meta WHERE name = 'ends_generation');
INSERT INTO live SELECT id - 1048576, name, state, paused, size, position_next, position_front FROM queues;
INSERT INTO live (key, a, b, c, d) SELECT key, jid, wid, reserved_at, expires_at FROM reservations;
DROP TABLE counters;
DROP TABLE queues;
DROP TABLE reservations;
DELETE FROM meta WHERE name <> 'schema';
CREATE VIEW counters AS SELECT key + 1099511627776 AS day, a AS processed, b AS failures
    FROM live WHERE key < -1073741824;
CREATE VIEW tallies AS SELECT a AS working, b AS processed, c AS failures, d AS last_serial, e AS ends_generation
    FROM live WHERE key = -1073741824;
CREATE VIEW queues AS SELECT key + 1048576 AS id, a AS name, b AS state, c AS paused, d AS size,
    e AS position_next, f AS position_front FROM live WHERE key BETWEEN -1048576 AND -1;
CREATE VIEW reservations AS SELECT key, a AS jid, b AS wid, c AS reserved_at, d AS expires_at
    FROM live WHERE key >= 0;
", "
-- Reservations say whether their job has features, counters how many jobs have expired.
DROP VIEW counters;
CREATE VIEW counters AS SELECT key + 1099511627776 AS day, a AS processed, b AS failures, coalesce(c, 0) AS expired
    FROM live WHERE key < -1073741824;
DROP VIEW tallies;
CREATE VIEW tallies AS SELECT a AS working, b AS processed, c AS failures, d AS last_serial, e AS ends_generation,
    coalesce(f, 0) AS expired FROM live WHERE key = -1073741824;
DROP VIEW reservations;
CREATE VIEW reservations AS SELECT key, a AS jid, b AS wid, c AS reserved_at, d AS expires_at,
    e IS NOT NULL AS tied FROM live WHERE key >= 0;
-- What features keep. Rows of an older generation were flushed; the number is that of the tallies.
CREATE TABLE locks (
    generation INTEGER NOT NULL, key BLOB NOT NULL, owner TEXT NOT NULL, ends_at INTEGER NOT NULL,
    PRIMARY KEY (generation, key)) WITHOUT ROWID;
CREATE INDEX locks_by_end ON locks (generation, ends_at);
-- complete, success: 0 no such callback, 1 waiting, 2 queued, 3 done.
CREATE TABLE batches (
    generation INTEGER NOT NULL, id INTEGER NOT NULL, chk INTEGER NOT NULL,
    total INTEGER NOT NULL, pending INTEGER NOT NULL, failed INTEGER NOT NULL,
    committed INTEGER NOT NULL, complete INTEGER NOT NULL, success INTEGER NOT NULL,
    completed INTEGER NOT NULL, succeeded INTEGER NOT NULL,
    children_incomplete INTEGER NOT NULL, children_unsuccessful INTEGER NOT NULL, changed_at INTEGER NOT NULL,
    PRIMARY KEY (generation, id)) WITHOUT ROWID;
CREATE TABLE batch_details (
    generation INTEGER NOT NULL, id INTEGER NOT NULL, description TEXT NOT NULL, created_at INTEGER NOT NULL,
    complete BLOB, success BLOB, PRIMARY KEY (generation, id)) WITHOUT ROWID;
CREATE TABLE batch_links (
    generation INTEGER NOT NULL, child INTEGER NOT NULL, nth INTEGER NOT NULL, parent INTEGER NOT NULL,
    PRIMARY KEY (generation, child, nth)) WITHOUT ROWID;
CREATE TABLE batch_dues (
    generation INTEGER NOT NULL, at INTEGER NOT NULL, id INTEGER NOT NULL,
    PRIMARY KEY (generation, at, id)) WITHOUT ROWID;
INSERT INTO meta VALUES ('last_batch', 0);
-- state: 0 unknown, 1 enqueued, 2 working, 3 success, 4 failed, 5 dead.
CREATE TABLE tracks (
    generation INTEGER NOT NULL, jid TEXT NOT NULL, state INTEGER NOT NULL, percent INTEGER, desc TEXT,
    updated_at INTEGER NOT NULL, forget_at INTEGER, PRIMARY KEY (generation, jid)) WITHOUT ROWID;
CREATE INDEX tracks_by_end ON tracks (generation, forget_at) WHERE forget_at IS NOT NULL;
-- Ticks of the cron entry of that name are done up to this moment.
CREATE TABLE cron_ticks (name TEXT PRIMARY KEY, at INTEGER NOT NULL) WITHOUT ROWID;
", "
-- Which pushing of the owner's id has the lock.
ALTER TABLE locks ADD COLUMN pushing INTEGER NOT NULL DEFAULT 0;
", "
-- How far the steady clock is, which durations are measured by, and what the wall clock showed then. Until now the
-- wall clock was for both, and never went back: the steady one goes on from where that was.
ALTER TABLE live ADD COLUMN g;
ALTER TABLE live ADD COLUMN h;
WITH seen (at) AS (
    SELECT max(c) FROM live WHERE key >= 0 UNION ALL SELECT max(at) FROM ends
    UNION ALL SELECT max(changed_at) FROM batches UNION ALL SELECT max(updated_at) FROM tracks)
UPDATE live SET h = (SELECT max(at) FROM seen),
    g = max((SELECT max(at) FROM seen), CAST(unixepoch('now', 'subsec') * 1000000 AS INTEGER))
    WHERE key = -1073741824;
DROP VIEW tallies;
CREATE VIEW tallies AS SELECT a AS working, b AS processed, c AS failures, d AS last_serial, e AS ends_generation,
    coalesce(f, 0) AS expired, g AS steady, h AS wall FROM live WHERE key = -1073741824;
", "
-- The checksums of records cover their keys from here on. Older servers cannot read them.
", "
-- Slots of history. A place has the slot that was written there last; which slots share one is told by `resolution.rs`.
CREATE TABLE history (
    generation INTEGER NOT NULL, place INTEGER NOT NULL, slot INTEGER NOT NULL, lines BLOB NOT NULL,
    PRIMARY KEY (generation, place)) WITHOUT ROWID;
", "
-- What operators did, and which of it is under way. state: 0 running, 1 done, 2 cancelled, 3 failed, 4 interrupted.
INSERT INTO meta VALUES ('last_action', 0);
CREATE TABLE audit (
    id INTEGER PRIMARY KEY, noted_at INTEGER NOT NULL, began_at INTEGER NOT NULL, ended_at INTEGER,
    state INTEGER NOT NULL, reason TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL, address TEXT NOT NULL,
    action TEXT NOT NULL, target TEXT NOT NULL, changed INTEGER NOT NULL, skipped INTEGER NOT NULL, operation INTEGER);
CREATE INDEX audit_by_time ON audit (noted_at);
CREATE TABLE open_actions (id INTEGER PRIMARY KEY, since INTEGER NOT NULL);
", "
-- What the next server needs to go on with an action that is under way. part: 0 what is done to which jobs, 1 how far it is.
CREATE TABLE action_parts (
    id INTEGER NOT NULL, part INTEGER NOT NULL, bytes BLOB NOT NULL, PRIMARY KEY (id, part)) WITHOUT ROWID;
", "
-- Groups of failures: those without jobs are forgotten at a time.
CREATE TABLE failures (
    generation INTEGER NOT NULL, id INTEGER NOT NULL, forget_at INTEGER, record BLOB NOT NULL,
    PRIMARY KEY (generation, id)) WITHOUT ROWID;
CREATE INDEX failures_by_end ON failures (generation, forget_at) WHERE forget_at IS NOT NULL;
-- Jobs that are there are put into their groups by and by: all up to this one are.
CREATE TABLE ungrouped (
    id INTEGER PRIMARY KEY, name TEXT NOT NULL, at INTEGER NOT NULL, serial INTEGER NOT NULL);
INSERT INTO ungrouped SELECT 0, 'retries', -9223372036854775808, -9223372036854775808
    WHERE EXISTS (SELECT 1 FROM entries);
", "
-- What operators took away, by action, and which action puts back what another one took away. set_id: 0 a queue, 1 scheduled,
-- 2 retries, 3 dead. record: the job; none if it was killed: then it is in the dead set, at dead_at and dead_serial.
ALTER TABLE audit ADD COLUMN undoes INTEGER;
CREATE TABLE trash (
    generation INTEGER NOT NULL, action INTEGER NOT NULL, first INTEGER NOT NULL, end INTEGER NOT NULL,
    bytes INTEGER NOT NULL, ends_at INTEGER NOT NULL, PRIMARY KEY (generation, action)) WITHOUT ROWID;
CREATE INDEX trash_by_end ON trash (generation, ends_at);
CREATE TABLE trashed_jobs (
    generation INTEGER NOT NULL, action INTEGER NOT NULL, number INTEGER NOT NULL,
    set_id INTEGER NOT NULL, at INTEGER NOT NULL, dead_at INTEGER, dead_serial INTEGER, was_pending INTEGER,
    record BLOB, PRIMARY KEY (generation, action, number)) WITHOUT ROWID;
", "
-- Since when a cron entry is paused.
ALTER TABLE cron_ticks ADD COLUMN paused_since INTEGER;
", "
-- Records keep the attempts at jobs that went wrong from here on. Older servers cannot read them.
", "
-- Of which job in the trash a reservation was that an operator has ended; how many of an action's jobs their workers have done
-- meanwhile: they are in the trash no more.
ALTER TABLE ends ADD COLUMN trash_action INTEGER;
ALTER TABLE ends ADD COLUMN trash_number INTEGER;
ALTER TABLE trash ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
", "
-- Jobs that an action under way has put into their queues, and waits for.
CREATE TABLE watched_jobs (
    action INTEGER NOT NULL, jid TEXT NOT NULL, since INTEGER NOT NULL, queue TEXT NOT NULL,
    PRIMARY KEY (action, jid)) WITHOUT ROWID;
CREATE INDEX watched_jobs_by_time ON watched_jobs (since);
", "
-- Cron entries that were made while the server ran.
CREATE TABLE cron_entries (
    name TEXT PRIMARY KEY, schedule TEXT NOT NULL, timezone TEXT, catch_up INTEGER NOT NULL, job BLOB NOT NULL,
    changed_at INTEGER NOT NULL, changed_by TEXT NOT NULL) WITHOUT ROWID;
", "
-- Jobs that are done may be kept, in a set of their own.
INSERT INTO sets SELECT max(id) + 1, 'completed', 0, 0 FROM sets;
", "
-- What servers were answered that hand over what their clients ask, as far as they have not said that they know.
CREATE TABLE answer_logs (server INTEGER PRIMARY KEY, noted_at INTEGER NOT NULL, bytes BLOB NOT NULL);
", "
-- The last runs of the cron entry of that name.
CREATE TABLE past_runs (name TEXT PRIMARY KEY, record BLOB NOT NULL) WITHOUT ROWID;
"];

/// Pages kept in memory by the writer, in KiB: the hot pages of all queues, and no more with any backlog.
const CACHE_KIB: i64 = 16 * 1024;
/// Pages a connection for reading keeps in memory, in KiB: it seldom reads one twice.
const READER_CACHE_KIB: i64 = 512;
/// What a log that grew (a long read held up the copying) is cut back to, in bytes.
pub(super) const LOG_BYTES_KEPT_MAX: i64 = 64 << 20;
/// How long a statement waits for a lock of another program, such as a backup or a shell, in ms. A
/// transaction waits once, as nothing of it goes on after a failure; enough for a checkpoint by the other.
const BUSY_WAIT_MS: i64 = 1_000;

/// Checks that the file is ours or empty, makes or migrates its tables, and configures the connection.
pub(super) fn prepare(conn: &mut Connection, path: &Path) -> Result<(), StoreError> {
    let open_error = |error: rusqlite::Error| failure::of_open(path, &error);
    conn.pragma_update(None, "busy_timeout", BUSY_WAIT_MS)
        .map_err(open_error)?;
    let version = read_version(conn, path)?;
    configure(conn).map_err(open_error)?;
    migrate(conn, version).map_err(open_error)
}

/// Checks that the file is ours and of the version that this server writes.
pub(super) fn check_current(conn: &Connection, path: &Path) -> Result<(), StoreError> {
    let (version, current) = (read_version(conn, path)?, MIGRATIONS.len());
    match version == current {
        true => Ok(()),
        false => Err(StoreError::Open(format!(
            "{} has version {version} of the tables and this server keeps {current}: start and stop this server on it \
             first, or check it with the version that wrote it",
            path.display()
        ))),
    }
}

/// The version of the tables; 0 for an empty file.
fn read_version(conn: &Connection, path: &Path) -> Result<usize, StoreError> {
    let open_error = |error: rusqlite::Error| failure::of_open(path, &error);
    let pragma = |name| conn.pragma_query_value(None, name, |row| row.get::<_, i32>(0));
    let application_id = pragma("application_id").map_err(open_error)?;
    let known = MIGRATIONS.len();
    if application_id == APPLICATION_ID {
        let version: Option<usize> = conn
            .query_row("SELECT value FROM meta WHERE name = 'schema'", (), |row| {
                row.get(0)
            })
            .optional()
            .map_err(open_error)?;
        return match version {
            Some(version) if version <= known => Ok(version),
            Some(version) => Err(StoreError::Open(format!(
                "{} has version {version} of the tables and this server knows {known}: run the newer server",
                path.display()
            ))),
            None => Err(StoreError::Open(format!(
                "{} does not say its version: restore it from a backup",
                path.display()
            ))),
        };
    }
    let tables: i64 = conn
        .query_row("SELECT count(*) FROM sqlite_schema", (), |row| row.get(0))
        .map_err(open_error)?;
    if application_id != 0 || tables != 0 {
        return Err(StoreError::Open(format!(
            "{} is a database of another program: move it away or choose another storage directory",
            path.display()
        )));
    }
    Ok(0)
}

fn configure(conn: &Connection) -> rusqlite::Result<()> {
    let set = |name: &str, value: &dyn rusqlite::ToSql| conn.pragma_update(None, name, value);
    // The page of the file system and of the log's frames. Holds only for a new file, before its first page.
    set("page_size", &4096)?;
    // One sequential write and one sync a commit, and readers that neither wait nor are waited for.
    let mode: String =
        conn.pragma_update_and_check(None, "journal_mode", "wal", |row| row.get(0))?;
    if mode != "wal" {
        return Err(rusqlite::Error::SqliteFailure(
            rusqlite::ffi::Error::new(rusqlite::ffi::SQLITE_CANTOPEN),
            Some(format!(
                "the file system allows no write-ahead log (mode {mode})"
            )),
        ));
    }
    // COMMIT does not sync the log, its owner does. Copying the log into the database still does, in the right
    // order.
    set("synchronous", &"normal")?;
    // `checkpointer` does it.
    set("wal_autocheckpoint", &0)?;
    set("journal_size_limit", &LOG_BYTES_KEPT_MAX)?;
    set("cache_size", &-CACHE_KIB)?;
    // No statement here sorts much; a temporary file would be one more that can fail.
    set("temp_store", &"memory")?;
    // A failed read of a mapped file kills the process by a signal; a failed `read` is an error to answer.
    set("mmap_size", &0)?;
    // A plan does not depend on the values bound to it. Without this a statement with a range is planned again
    // at every execution.
    conn.set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_QPSG, true)?;
    // Nothing refers to another table; say so instead of inheriting the build's choice.
    set("foreign_keys", &false)
}

fn migrate(conn: &mut Connection, version: usize) -> rusqlite::Result<()> {
    if version == MIGRATIONS.len() {
        return Ok(());
    }
    let transaction = conn.transaction()?;
    for step in MIGRATIONS.iter().skip(version) {
        transaction.execute_batch(step)?;
    }
    transaction.execute(
        "UPDATE meta SET value = ?1 WHERE name = 'schema'",
        (MIGRATIONS.len(),),
    )?;
    transaction.pragma_update(None, "application_id", APPLICATION_ID)?;
    transaction.commit()
}

/// Configures the connection that copies the log into the database.
pub(super) fn configure_checkpointer(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "busy_timeout", BUSY_WAIT_MS)?;
    conn.pragma_update(None, "synchronous", "normal")?;
    conn.pragma_update(None, "wal_autocheckpoint", 0)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    conn.pragma_update(None, "mmap_size", 0)
}

/// Configures a connection for reading.
pub(super) fn configure_reader(conn: &Connection) -> rusqlite::Result<()> {
    conn.pragma_update(None, "busy_timeout", BUSY_WAIT_MS)?;
    conn.pragma_update(None, "query_only", true)?;
    conn.pragma_update(None, "cache_size", -READER_CACHE_KIB)?;
    conn.pragma_update(None, "mmap_size", 0)
}

#[cfg(test)]
mod tests;
