//! Every statement the writer runs, and the prepared ones a transaction has at hand.

use rusqlite::{CachedStatement, Connection, Error};

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
    LogCopy = super::copier::COPY;

    JobInsert = "INSERT INTO jobs (key, record) VALUES (?1, ?2)";
    JobRead = "SELECT record FROM jobs WHERE key = ?1";
    JobsFrom = "SELECT key, record FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3";
    JobKeysFrom = "SELECT key FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3";
    JobUpdate = "UPDATE jobs SET record = ?2 WHERE key = ?1";
    JobMove = "UPDATE jobs SET key = ?2 WHERE key = ?1";
    JobDelete = "DELETE FROM jobs WHERE key = ?1";
    JobsDelete = "DELETE FROM jobs WHERE key BETWEEN ?1 AND ?2";

    // The columns of `live` have the names that the views of `schema.rs` give them.
    ReservationInsert = "INSERT INTO live (key, a, b, c, d) VALUES (?1, ?2, ?3, ?4, ?5)";
    ReservationExtend = "UPDATE live SET d = ?2 WHERE key = ?1";
    ReservationDelete = "DELETE FROM live WHERE key = ?1";
    ReservationsDelete = "DELETE FROM live WHERE key BETWEEN ?1 AND ?2";
    ReservationsDeleteWithin = "DELETE FROM live WHERE key IN
        (SELECT key FROM live WHERE key BETWEEN ?1 AND ?2 ORDER BY key LIMIT ?3)";

    QueueWrite = "REPLACE INTO live VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)";

    EntryInsert = "INSERT INTO entries (set_id, at, serial, record) VALUES (?1, ?2, ?3, ?4)";
    EntriesFrom = "SELECT at, serial, record FROM entries
        WHERE set_id = ?1 AND (at, serial) > (?2, ?3) AND at <= ?4 ORDER BY at, serial LIMIT ?5";
    EntryDelete = "DELETE FROM entries WHERE set_id = ?1 AND at = ?2 AND serial = ?3";
    EntriesDeleteSome = "DELETE FROM entries WHERE (set_id, at, serial) IN
        (SELECT set_id, at, serial FROM entries WHERE set_id = ?1 ORDER BY at, serial LIMIT ?2)";

    SetMake = "INSERT INTO sets (id, name, size, cleared) VALUES (?1, ?2, 0, 0)";
    SetWriteSize = "UPDATE sets SET size = ?2 WHERE id = ?1";
    SetMarkCleared = "UPDATE sets SET size = 0, cleared = 1 WHERE id = ?1";
    SetReadCleared = "SELECT id FROM sets WHERE cleared = 1 ORDER BY id LIMIT 1";
    SetDelete = "DELETE FROM sets WHERE id = ?1";

    EndInsert = "INSERT INTO ends (generation, at, jid, wid) VALUES (?1, ?2, ?3, ?4)";
    EndRead = "SELECT 1 FROM ends WHERE generation = ?1 AND jid = ?2 AND wid = ?3 LIMIT 1";
    EndsDeleteUntil = "DELETE FROM ends WHERE id IN
        (SELECT id FROM ends WHERE generation = ?1 AND at <= ?2 ORDER BY at LIMIT ?3)";
    EndsDeleteBefore = "DELETE FROM ends WHERE id IN
        (SELECT id FROM ends WHERE generation < ?1 ORDER BY generation, at LIMIT ?2)";
    EndsReadBefore = "SELECT 1 FROM ends WHERE generation < ?1 LIMIT 1";

    CounterAdd = "INSERT INTO live (key, a, b) VALUES (?1, ?2, ?3)
        ON CONFLICT (key) DO UPDATE SET a = a + ?2, b = b + ?3";
    CountersDelete = "DELETE FROM live WHERE key < ?1";
    TalliesWrite = "REPLACE INTO live (key, a, b, c, d, e) VALUES (?1, ?2, ?3, ?4, ?5, ?6)";
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

    /// Puts another statement in the place of one, to make it fail.
    #[cfg(test)]
    pub(super) fn replace(&mut self, sql: Sql, text: &str) {
        self.prepared.retain(|(known, _)| *known != sql);
        self.prepared
            .push((sql, self.conn.prepare_cached(text).unwrap()));
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
            for line in rows.map(Result::unwrap) {
                let small = line == "SCAN sets";
                assert!(!line.starts_with("SCAN") || small, "{text}: {line}");
                assert!(!line.contains("TEMP B-TREE"), "{text}: {line}");
            }
        }
    }
}
