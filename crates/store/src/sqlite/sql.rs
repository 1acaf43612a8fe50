//! Every statement the writer runs, and the prepared ones a transaction has at hand.

use std::ops::ControlFlow;

use rusqlite::{CachedStatement, Connection, Error, OptionalExtension, Params, Row};

use super::failure;
use crate::StoreError;

macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        /// A statement, by what it does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Sql { $($name),* }

        const TEXTS: &[&str] = &[$($text),*];
    };
}

statements! {
    // A reader never stands in the way, so taking the write lock at once cannot fail later.
    Begin = "BEGIN IMMEDIATE";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";

    JobInsert = "INSERT INTO jobs (key, record) VALUES (?1, ?2)";
    // As many rows as the sizes in `rows/jobs.rs`.
    JobsInsert8 = "INSERT INTO jobs (key, record) VALUES
        (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?)";
    JobsInsert32 = "INSERT INTO jobs (key, record) VALUES
        (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
        (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?),
        (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?), (?, ?)";
    JobRead = "SELECT record FROM jobs WHERE key = ?1";
    JobsWithin = "SELECT key, record FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3";
    JobSizesWithin = "SELECT key, length(record) FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3";
    JobUpdate = "UPDATE jobs SET record = ?2 WHERE key = ?1";
    JobMove = "UPDATE jobs SET key = ?2, record = ?3 WHERE key = ?1";
    JobBefore = "SELECT key FROM jobs WHERE key < ?1 ORDER BY key DESC LIMIT 1";
    JobAfter = "SELECT key FROM jobs WHERE key > ?1 ORDER BY key LIMIT 1";
    JobDelete = "DELETE FROM jobs WHERE key = ?1";
    JobsDelete = "DELETE FROM jobs WHERE key BETWEEN ?1 AND ?2";

    // The columns of `live` have the names that the views of `schema.rs` give them.
    ReservationInsert = "INSERT INTO live (key, a, b, c, d, e) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    ReservationExtend = "UPDATE live SET d = ?2 WHERE key = ?1";
    ReservationDelete = "DELETE FROM live WHERE key = ?1";
    ReservationsDelete = "DELETE FROM live WHERE key BETWEEN ?1 AND ?2";
    ReservationsDeleteWithin = "DELETE FROM live WHERE key IN
        (SELECT key FROM live WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3)";

    QueueWrite = "REPLACE INTO live (key, a, b, c, d, e, f, g) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)";

    EntryInsert = "INSERT INTO entries (set_id, at, serial, record) VALUES (?1, ?2, ?3, ?4)";
    // Without an end: the row that comes after the last one wanted tells whether it is where it belongs.
    EntriesFrom = "SELECT set_id, at, serial, record FROM entries
        WHERE (set_id, at, serial) > (?1, ?2, ?3) ORDER BY set_id, at, serial LIMIT ?4";
    EntryBefore = "SELECT set_id, at, serial, record FROM entries
        WHERE (set_id, at, serial) <= (?1, ?2, ?3) ORDER BY set_id DESC, at DESC, serial DESC LIMIT 1";
    EntryAfter = "SELECT set_id, at, serial, record FROM entries
        WHERE (set_id, at, serial) > (?1, ?2, ?3) ORDER BY set_id, at, serial LIMIT 1";
    EntryUpdate = "UPDATE entries SET record = ?4 WHERE set_id = ?1 AND at = ?2 AND serial = ?3";
    EntryDelete = "DELETE FROM entries WHERE set_id = ?1 AND at = ?2 AND serial = ?3";
    EntriesDeleteUntil = "DELETE FROM entries WHERE set_id = ?1 AND (at, serial) <= (?2, ?3)";

    SetMake = "INSERT INTO sets (id, name, size, cleared) VALUES (?1, ?2, 0, 0)";
    SetWriteSize = "UPDATE sets SET size = ?2 WHERE id = ?1";
    SetMarkCleared = "UPDATE sets SET size = 0, cleared = ?2 WHERE id = ?1";
    SetReadCleared = "SELECT id, cleared FROM sets WHERE cleared <> 0 ORDER BY id LIMIT 1";
    SetsMarkFlushed = "UPDATE sets SET cleared = 2 WHERE cleared = 1";
    SetDelete = "DELETE FROM sets WHERE id = ?1";

    EndRenew = "UPDATE ends SET at = ?4, trash_action = ?5, trash_number = ?6
        WHERE generation = ?1 AND jid = ?2 AND wid = ?3";
    EndInsert = "INSERT INTO ends (generation, jid, wid, at, trash_action, trash_number) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
    EndRead = "SELECT at, trash_action, trash_number FROM ends WHERE generation = ?1 AND jid = ?2 AND wid = ?3 LIMIT 1";
    EndDelete = "DELETE FROM ends WHERE generation = ?1 AND jid = ?2 AND wid = ?3";
    EndsDue = "SELECT jid, wid FROM ends WHERE generation = ?1 AND at <= ?2 ORDER BY at LIMIT ?3";

    // The oldest generation first: with one number for it a row is found by its whole key.
    FlushedEndsRead = "SELECT generation FROM ends WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedEndsDelete = "DELETE FROM ends WHERE id IN
        (SELECT id FROM ends WHERE generation = ?1 ORDER BY at LIMIT ?2)";
    FlushedLocksRead = "SELECT generation FROM locks WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedLocksDelete = "DELETE FROM locks WHERE generation = ?1 AND key IN
        (SELECT key FROM locks WHERE generation = ?1 ORDER BY key LIMIT ?2)";
    FlushedBatchesRead = "SELECT generation FROM batches WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedBatchesDelete = "DELETE FROM batches WHERE generation = ?1 AND id IN
        (SELECT id FROM batches WHERE generation = ?1 ORDER BY id LIMIT ?2)";
    FlushedDetailsRead = "SELECT generation FROM batch_details WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedDetailsDelete = "DELETE FROM batch_details WHERE generation = ?1 AND id IN
        (SELECT id FROM batch_details WHERE generation = ?1 ORDER BY id LIMIT ?2)";
    FlushedLinksRead = "SELECT generation FROM batch_links WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedLinksDelete = "DELETE FROM batch_links WHERE generation = ?1 AND (child, nth) IN
        (SELECT child, nth FROM batch_links WHERE generation = ?1 ORDER BY child, nth LIMIT ?2)";
    FlushedDuesRead = "SELECT generation FROM batch_dues WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedDuesDelete = "DELETE FROM batch_dues WHERE generation = ?1 AND (at, id) IN
        (SELECT at, id FROM batch_dues WHERE generation = ?1 ORDER BY at, id LIMIT ?2)";
    FlushedTracksRead = "SELECT generation FROM tracks WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedTracksDelete = "DELETE FROM tracks WHERE generation = ?1 AND jid IN
        (SELECT jid FROM tracks WHERE generation = ?1 ORDER BY jid LIMIT ?2)";

    FlushedHistoryRead = "SELECT generation FROM history WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedHistoryDelete = "DELETE FROM history WHERE generation = ?1 AND place IN
        (SELECT place FROM history WHERE generation = ?1 ORDER BY place LIMIT ?2)";

    FlushedFailuresRead = "SELECT generation FROM failures WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedFailuresDelete = "DELETE FROM failures WHERE generation = ?1 AND id IN
        (SELECT id FROM failures WHERE generation = ?1 ORDER BY id LIMIT ?2)";
    FlushedTrashRead = "SELECT generation FROM trash WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedTrashDelete = "DELETE FROM trash WHERE generation = ?1 AND action IN
        (SELECT action FROM trash WHERE generation = ?1 ORDER BY action LIMIT ?2)";
    FlushedTrashedRead = "SELECT generation FROM trashed_jobs WHERE generation < ?1 ORDER BY generation LIMIT 1";
    FlushedTrashedDelete = "DELETE FROM trashed_jobs WHERE generation = ?1 AND (action, number) IN
        (SELECT action, number FROM trashed_jobs WHERE generation = ?1 ORDER BY action, number LIMIT ?2)";

    LockRead = "SELECT owner, pushing, ends_at FROM locks WHERE generation = ?1 AND key = ?2";
    LockWrite = "REPLACE INTO locks (generation, key, owner, pushing, ends_at) VALUES (?1, ?2, ?3, ?4, ?5)";
    LockDelete = "DELETE FROM locks WHERE generation = ?1 AND key = ?2";
    LocksDue = "SELECT key FROM locks WHERE generation = ?1 AND ends_at <= ?2 ORDER BY ends_at LIMIT ?3";

    BatchCount = "UPDATE meta SET value = value + 1 WHERE name = 'last_batch' RETURNING value";
    ActionCount = "UPDATE meta SET value = value + 1 WHERE name = 'last_action' RETURNING value";
    BatchRead = "SELECT chk, total, pending, failed, committed, complete, success, completed, succeeded,
        children_incomplete, children_unsuccessful, changed_at FROM batches WHERE generation = ?1 AND id = ?2";
    BatchWrite = "REPLACE INTO batches (generation, id, chk, total, pending, failed, committed, complete, success,
        completed, succeeded, children_incomplete, children_unsuccessful, changed_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14)";
    BatchDelete = "DELETE FROM batches WHERE generation = ?1 AND id = ?2";
    BatchDetailsRead = "SELECT description, created_at FROM batch_details WHERE generation = ?1 AND id = ?2";
    BatchDetailsWrite = "INSERT INTO batch_details (generation, id, description, created_at) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (generation, id) DO UPDATE SET description = ?3, created_at = ?4";
    BatchDetailsDelete = "DELETE FROM batch_details WHERE generation = ?1 AND id = ?2";
    BatchCompleteRead = "SELECT complete FROM batch_details WHERE generation = ?1 AND id = ?2";
    BatchCompleteWrite = "UPDATE batch_details SET complete = ?3 WHERE generation = ?1 AND id = ?2";
    BatchSuccessRead = "SELECT success FROM batch_details WHERE generation = ?1 AND id = ?2";
    BatchSuccessWrite = "UPDATE batch_details SET success = ?3 WHERE generation = ?1 AND id = ?2";
    BatchParentsRead = "SELECT parent FROM batch_links WHERE generation = ?1 AND child = ?2 ORDER BY nth";
    BatchParentWrite = "INSERT INTO batch_links (generation, child, nth, parent) VALUES (?1, ?2, ?3, ?4)";
    BatchParentsDeleteFrom = "DELETE FROM batch_links WHERE generation = ?1 AND child = ?2 AND nth >= ?3";
    BatchDueRead = "SELECT 1 FROM batch_dues WHERE generation = ?1 AND at = ?2 AND id = ?3";
    BatchDueWrite = "INSERT OR IGNORE INTO batch_dues (generation, at, id) VALUES (?1, ?2, ?3)";
    BatchDueDelete = "DELETE FROM batch_dues WHERE generation = ?1 AND at = ?2 AND id = ?3";
    BatchDues = "SELECT at, id FROM batch_dues WHERE generation = ?1 AND at <= ?2 ORDER BY at, id LIMIT ?3";

    TrackRead = "SELECT state, percent, desc, updated_at, forget_at FROM tracks WHERE generation = ?1 AND jid = ?2";
    TrackWrite = "REPLACE INTO tracks (generation, jid, state, percent, desc, updated_at, forget_at)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    TrackDelete = "DELETE FROM tracks WHERE generation = ?1 AND jid = ?2";
    TracksDue = "SELECT jid FROM tracks
        WHERE generation = ?1 AND forget_at IS NOT NULL AND forget_at <= ?2 ORDER BY forget_at LIMIT ?3";

    CounterAdd = "INSERT INTO live (key, a, b, c) VALUES (?1, ?2, ?3, ?4)
        ON CONFLICT (key) DO UPDATE SET a = a + ?2, b = b + ?3, c = coalesce(c, 0) + ?4";

    HistoryRead = "SELECT lines FROM history WHERE generation = ?1 AND place = ?2 AND slot = ?3";
    HistoryWrite = "REPLACE INTO history (generation, place, slot, lines) VALUES (?1, ?2, ?3, ?4)";
    HistoryDelete = "DELETE FROM history WHERE generation = ?1 AND place = ?2 AND slot = ?3";

    FailureRead = "SELECT record FROM failures WHERE generation = ?1 AND id = ?2";
    FailureWrite = "REPLACE INTO failures (generation, id, forget_at, record) VALUES (?1, ?2, ?3, ?4)";
    FailureDelete = "DELETE FROM failures WHERE generation = ?1 AND id = ?2";
    FailureIds = "SELECT id FROM failures WHERE generation = ?1 ORDER BY id";
    FailuresDue = "SELECT id FROM failures
        WHERE generation = ?1 AND forget_at IS NOT NULL AND forget_at <= ?2 ORDER BY forget_at LIMIT ?3";
    UngroupedRead = "SELECT name, at, serial FROM ungrouped WHERE id = 0";
    UngroupedWrite = "REPLACE INTO ungrouped (id, name, at, serial) VALUES (0, ?1, ?2, ?3)";
    UngroupedDelete = "DELETE FROM ungrouped WHERE id = 0";

    CronTickRead = "SELECT at, paused_since FROM cron_ticks WHERE name = ?1";
    CronTickWrite = "REPLACE INTO cron_ticks (name, at, paused_since) VALUES (?1, ?2, ?3)";
    CronTickDelete = "DELETE FROM cron_ticks WHERE name = ?1";
    CronDefinitionRead = "SELECT schedule, timezone, catch_up, job, changed_at, changed_by FROM cron_entries
        WHERE name = ?1";
    CronDefinitionWrite = "REPLACE INTO cron_entries (name, schedule, timezone, catch_up, job, changed_at, changed_by)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    CronDefinitionDelete = "DELETE FROM cron_entries WHERE name = ?1";
    PastRunsRead = "SELECT record FROM past_runs WHERE name = ?1";
    PastRunsWrite = "REPLACE INTO past_runs (name, record) VALUES (?1, ?2)";
    PastRunsDelete = "DELETE FROM past_runs WHERE name = ?1";

    AuditRead = "SELECT noted_at, began_at, ended_at, state, reason, name, role, address, action, target, changed,
        skipped, operation, undoes FROM audit WHERE id = ?1";
    AuditWrite = "REPLACE INTO audit (id, noted_at, began_at, ended_at, state, reason, name, role, address, action,
        target, changed, skipped, operation, undoes)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15)";
    AuditDelete = "DELETE FROM audit WHERE id = ?1";
    AuditDue = "SELECT id FROM audit WHERE noted_at <= ?1 ORDER BY noted_at LIMIT ?2";
    OpenActionRead = "SELECT since FROM open_actions WHERE id = ?1";
    OpenActionWrite = "REPLACE INTO open_actions (id, since) VALUES (?1, ?2)";
    OpenActionDelete = "DELETE FROM open_actions WHERE id = ?1";
    ActionPartRead = "SELECT bytes FROM action_parts WHERE id = ?1 AND part = ?2";
    ActionPartWrite = "REPLACE INTO action_parts (id, part, bytes) VALUES (?1, ?2, ?3)";
    ActionPartDelete = "DELETE FROM action_parts WHERE id = ?1 AND part = ?2";
    WatchedJobRead = "SELECT since, queue FROM watched_jobs WHERE action = ?1 AND jid = ?2";
    WatchedJobWrite = "REPLACE INTO watched_jobs (action, jid, since, queue) VALUES (?1, ?2, ?3, ?4)";
    WatchedJobDelete = "DELETE FROM watched_jobs WHERE action = ?1 AND jid = ?2";
    WatchedJobsDue = "SELECT action, jid FROM watched_jobs WHERE since <= ?1 ORDER BY since LIMIT ?2";
    // They are few, and those of an earlier server have smaller numbers.
    OpenActionsDue = "SELECT id FROM open_actions WHERE id > 0 AND since <= ?1 ORDER BY id LIMIT ?2";
    AnswerLogRead = "SELECT noted_at, bytes FROM answer_logs WHERE server = ?1";
    AnswerLogWrite = "REPLACE INTO answer_logs (server, noted_at, bytes) VALUES (?1, ?2, ?3)";
    AnswerLogDelete = "DELETE FROM answer_logs WHERE server = ?1";
    // There is one for each server.
    AnswerLogsDue = "SELECT noted_at, server FROM answer_logs WHERE server > 0 AND noted_at <= ?1 ORDER BY server";
    TrashRead = "SELECT first, end, bytes, ends_at, done FROM trash WHERE generation = ?1 AND action = ?2";
    TrashWrite = "REPLACE INTO trash (generation, action, first, end, bytes, ends_at, done) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";
    TrashDelete = "DELETE FROM trash WHERE generation = ?1 AND action = ?2";
    TrashDue = "SELECT action FROM trash WHERE generation = ?1 AND ends_at <= ?2 ORDER BY ends_at LIMIT ?3";
    TrashedRead = "SELECT set_id, at, dead_at, dead_serial, was_pending, record FROM trashed_jobs
        WHERE generation = ?1 AND action = ?2 AND number = ?3";
    TrashedWrite = "REPLACE INTO trashed_jobs
        (generation, action, number, set_id, at, dead_at, dead_serial, was_pending, record)
        VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
    TrashedDelete = "DELETE FROM trashed_jobs WHERE generation = ?1 AND action = ?2 AND number = ?3";
    CountersDelete = "DELETE FROM live WHERE key < ?1";
    TalliesWrite = "REPLACE INTO live (key, a, b, c, d, e, f, g, h) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)";
}

/// How many statements a connection keeps prepared: all of them.
pub(super) const STATEMENTS_MAX: usize = TEXTS.len();

/// How many statements a transaction has room for from the start: the busiest group of PUSHes, FETCHes and ACKs.
const STATEMENTS_COMMON: usize = 10;

/// The statements a transaction has used so far. Finding one here takes a few comparisons; finding it in the
/// connection's cache would hash its text each time.
pub(super) struct Statements<'a> {
    conn: &'a Connection,
    /// A list, as a place for each statement there is would be kilobytes to clear and to move for a small transaction.
    prepared: Vec<(Sql, CachedStatement<'a>)>,
}

impl<'a> Statements<'a> {
    pub(super) fn new(conn: &'a Connection) -> Self {
        Self {
            conn,
            prepared: Vec::with_capacity(STATEMENTS_COMMON),
        }
    }

    /// The prepared statement.
    pub(super) fn get(&mut self, sql: Sql) -> rusqlite::Result<&mut CachedStatement<'a>> {
        let index = match self.prepared.iter().position(|(known, _)| *known == sql) {
            Some(index) => index,
            None => {
                let text = TEXTS.get(sql as usize).ok_or(Error::InvalidQuery)?;
                self.prepared.push((sql, self.conn.prepare_cached(text)?));
                self.prepared.len() - 1
            }
        };
        let (_, statement) = self.prepared.get_mut(index).ok_or(Error::InvalidQuery)?;
        Ok(statement)
    }

    /// Uses the prepared statement, for what the methods below do not do.
    pub(super) fn with<R>(
        &mut self,
        sql: Sql,
        run: impl FnOnce(&mut CachedStatement<'a>) -> rusqlite::Result<R>,
    ) -> Result<R, StoreError> {
        let done = self.get(sql).and_then(run);
        done.map_err(|error| failure::of_statement(&error))
    }

    /// Runs a statement that changes rows; tells how many it has changed.
    pub(super) fn execute(&mut self, sql: Sql, values: impl Params) -> Result<usize, StoreError> {
        self.with(sql, |statement| statement.execute(values))
    }

    /// Whether a statement finds a row.
    pub(super) fn exists(&mut self, sql: Sql, values: impl Params) -> Result<bool, StoreError> {
        self.with(sql, |statement| statement.exists(values))
    }

    /// Reads the first row that a statement finds.
    pub(super) fn row<T>(
        &mut self,
        sql: Sql,
        values: impl Params,
        read: impl FnOnce(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Option<T>, StoreError> {
        self.with(sql, |statement| {
            statement.query_row(values, read).optional()
        })
    }

    /// Reads one row after the other, until `each` breaks.
    pub(super) fn rows(
        &mut self,
        sql: Sql,
        values: impl Params,
        mut each: impl FnMut(&Row<'_>) -> rusqlite::Result<ControlFlow<()>>,
    ) -> Result<(), StoreError> {
        self.with(sql, |statement| {
            let mut rows = statement.query(values)?;
            while let Some(row) = rows.next()?
                && each(row)?.is_continue()
            {}
            Ok(())
        })
    }

    /// Reads all rows that a statement finds.
    pub(super) fn list<T>(
        &mut self,
        sql: Sql,
        values: impl Params,
        read: impl FnMut(&Row<'_>) -> rusqlite::Result<T>,
    ) -> Result<Vec<T>, StoreError> {
        self.with(sql, |statement| {
            statement.query_map(values, read)?.collect()
        })
    }

    /// Puts another statement in the place of one, to make it fail.
    #[cfg(test)]
    pub(super) fn replace(&mut self, sql: Sql, text: &str) {
        self.prepared.retain(|(known, _)| *known != sql);
        self.prepared
            .push((sql, self.conn.prepare_cached(text).unwrap()));
    }

    /// The connection they are of.
    pub(super) fn conn(&self) -> &'a Connection {
        self.conn
    }

    /// Whether no transaction of the database is open.
    pub(super) fn is_autocommit(&self) -> bool {
        self.conn.is_autocommit()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A statement that reads more than it names (a scan or a sort) would make the cost of a command grow
    /// with the backlog.
    #[test]
    fn no_statement_scans_a_table_that_grows_with_the_backlog() {
        let dir = tempfile::tempdir().unwrap();
        let mut conn = Connection::open(dir.path().join("plan.db")).unwrap();
        super::super::schema::prepare(&mut conn, dir.path()).unwrap();
        for text in TEXTS.iter().filter(|text| text.contains("WHERE")) {
            let mut statement = conn.prepare(&format!("EXPLAIN QUERY PLAN {text}")).unwrap();
            let count = statement.parameter_count();
            let rows = statement
                .query_map(rusqlite::params_from_iter(vec![1; count]), |row| {
                    row.get::<_, String>(3)
                })
                .unwrap();
            let lines: Vec<String> = rows.map(Result::unwrap).collect();
            // What is changed is found by more than its generation, which nearly all rows have in common.
            let found_by = lines.first().map_or("", String::as_str);
            let by_generation = found_by.ends_with("(generation=?)");
            assert!(text.starts_with("SELECT") || !by_generation, "{text}");
            for line in lines {
                let small = line == "SCAN sets";
                assert!(!line.starts_with("SCAN") || small, "{text}: {line}");
                assert!(!line.contains("TEMP B-TREE"), "{text}: {line}");
            }
        }
    }
}
