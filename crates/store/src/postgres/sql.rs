//! Every statement, as it is for the schema that the tables are in.

macro_rules! statements {
    ($($name:ident = $text:expr;)*) => {
        /// A statement, by what it does.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub(super) enum Sql { $($name),* }

        /// In each, `@` stands for the schema.
        const TEXTS: &[&str] = &[$($text),*];
    };
}

statements! {
    // Whatever the tables are like when a plan is made: rows are found by their keys. And a writer that stands still must not
    // keep the next one out.
    Begin = "BEGIN; SET LOCAL synchronous_commit = off; SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off;
        SET LOCAL idle_in_transaction_session_timeout = 2000";
    Commit = "COMMIT";
    Rollback = "ROLLBACK";
    // A division by zero if the epoch is another one, so that what was sent behind it fails with it. The lock lets a takeover wait.
    Fence = "SELECT 1 / (SELECT count(*) FROM (SELECT 1 FROM @leader WHERE epoch = $1 FOR KEY SHARE) held)";
    // The same if the database does not have the last commit: a pooler may have connected to one that has lost it.
    Follow = "SELECT 1 / (SELECT count(*) FROM @live WHERE id = $1 AND version = $2)";
    // The same for those who only look.
    Look = "SELECT 1 / (SELECT count(*) FROM @leader WHERE epoch = $1)";
    BeginReading = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY; SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off";

    JobsInsert = "INSERT INTO @jobs (key, record) SELECT * FROM unnest($1::bigint[], $2::bytea[])";
    JobsUpdate = "UPDATE @jobs j SET record = changed.record
        FROM unnest($1::bigint[], $2::bytea[]) changed (key, record) WHERE j.key = changed.key";
    JobsDelete = "DELETE FROM @jobs WHERE key = ANY ($1::bigint[])";
    JobsDeleteWithin = "DELETE FROM @jobs WHERE key BETWEEN $1 AND $2";
    JobRead = "SELECT record FROM @jobs WHERE key = $1";
    // All that read records read a page: so many rows and bytes at most.
    JobsWithin = "SELECT key, record FROM (
            SELECT key, record, sum(octet_length(record)) OVER (ORDER BY key) - octet_length(record) AS before
            FROM (SELECT key, record FROM @jobs WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3) page
        ) sized WHERE before < $4 ORDER BY key";
    JobSizesWithin = "SELECT key, octet_length(record)::bigint FROM @jobs WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3";
    JobBefore = "SELECT key FROM @jobs WHERE key < $1 ORDER BY key DESC LIMIT 1";
    JobAfter = "SELECT key FROM @jobs WHERE key > $1 ORDER BY key LIMIT 1";
    JobKeys = "SELECT key FROM @jobs WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3";
    JobsShown = "SELECT key, record, EXISTS (SELECT 1 FROM @reservations r WHERE r.key = sized.key) FROM (
            SELECT key, record, sum(octet_length(record)) OVER (ORDER BY key) - octet_length(record) AS before
            FROM (SELECT key, record FROM @jobs WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3) page
        ) sized WHERE before < $4 ORDER BY key";

    ReservationsInsert = "INSERT INTO @reservations (key, jid, wid, reserved_at, expires_at, has_features)
        SELECT * FROM unnest($1::bigint[], $2::bytea[], $3::bytea[], $4::bigint[], $5::bigint[], $6::boolean[])";
    ReservationsExtend = "UPDATE @reservations r SET expires_at = changed.expires_at
        FROM unnest($1::bigint[], $2::bigint[]) changed (key, expires_at) WHERE r.key = changed.key";
    ReservationsDelete = "DELETE FROM @reservations WHERE key = ANY ($1::bigint[])";
    ReservationsDeleteWithin = "DELETE FROM @reservations WHERE key IN
        (SELECT key FROM @reservations WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3)";
    ReservationsRead = "SELECT key, jid, wid, reserved_at, expires_at, has_features FROM @reservations
        WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3";
    ReservationsShown = "SELECT key, jid, wid, reserved_at, expires_at, has_features, record FROM (
            SELECT *, sum(octet_length(coalesce(record, ''))) OVER (ORDER BY key) - octet_length(coalesce(record, '')) AS before
            FROM (SELECT * FROM @reservations WHERE key BETWEEN $1 AND $2 ORDER BY key LIMIT $3) page
            LEFT JOIN @jobs USING (key)
        ) sized WHERE before < $4 ORDER BY key";

    EntriesInsert = "INSERT INTO @entries (set_id, at, serial, record)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[])";
    EntriesUpdate = "UPDATE @entries e SET record = changed.record
        FROM unnest($1::bigint[], $2::bigint[], $3::bigint[], $4::bytea[]) changed (set_id, at, serial, record)
        WHERE (e.set_id, e.at, e.serial) = (changed.set_id, changed.at, changed.serial)";
    EntriesDelete = "DELETE FROM @entries e USING unnest($1::bigint[], $2::bigint[], $3::bigint[]) gone (set_id, at, serial)
        WHERE (e.set_id, e.at, e.serial) = (gone.set_id, gone.at, gone.serial) RETURNING e.set_id, e.at, e.serial";
    EntriesDeleteUntil = "DELETE FROM @entries WHERE set_id = $1 AND (at, serial) <= ($2, $3)";
    EntryRead = "SELECT record FROM @entries WHERE set_id = $1 AND at = $2 AND serial = $3";
    EntriesAfter = "SELECT set_id, at, serial, record FROM (
            SELECT *, sum(octet_length(record)) OVER (ORDER BY set_id, at, serial) - octet_length(record) AS before
            FROM (SELECT * FROM @entries WHERE (set_id, at, serial) > ($1, $2, $3)
                ORDER BY set_id, at, serial LIMIT $4) page
        ) sized WHERE before < $5 ORDER BY set_id, at, serial";
    EntriesBefore = "SELECT set_id, at, serial, record FROM (
            SELECT *, sum(octet_length(record)) OVER (ORDER BY set_id DESC, at DESC, serial DESC) - octet_length(record) AS before
            FROM (SELECT * FROM @entries WHERE (set_id, at, serial) < ($1, $2, $3)
                ORDER BY set_id DESC, at DESC, serial DESC LIMIT $4) page
        ) sized WHERE before < $5 ORDER BY set_id DESC, at DESC, serial DESC";
    EntryBefore = "SELECT set_id, at, serial, record FROM @entries WHERE (set_id, at, serial) <= ($1, $2, $3)
        ORDER BY set_id DESC, at DESC, serial DESC LIMIT 1";
    EntryAfter = "SELECT set_id, at, serial, record FROM @entries WHERE (set_id, at, serial) > ($1, $2, $3)
        ORDER BY set_id, at, serial LIMIT 1";

    // What changes over and over has a new row each time, see `live.rs`.
    LiveInsert = "INSERT INTO @live (id, version, bytes) SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[])";
    LiveDelete = "DELETE FROM @live l USING unnest($1::bigint[], $2::bigint[]) gone (id, version)
        WHERE (l.id, l.version) = (gone.id, gone.version)";
    LiveRead = "SELECT id, version, bytes FROM @live WHERE id BETWEEN $1 AND $2 ORDER BY id LIMIT $3";

    KeptWrite = "INSERT INTO @kept (generation, kind, key, ends_at, bytes)
        SELECT * FROM unnest($1::bigint[], $2::bigint[], $3::bytea[], $4::bigint[], $5::bytea[])
        ON CONFLICT (generation, kind, key) DO UPDATE SET ends_at = excluded.ends_at, bytes = excluded.bytes";
    KeptDelete = "DELETE FROM @kept k USING unnest($1::bigint[], $2::bigint[], $3::bytea[]) gone (generation, kind, key)
        WHERE (k.generation, k.kind, k.key) = (gone.generation, gone.kind, gone.key)";
    KeptRead = "SELECT key, bytes FROM @kept WHERE generation = $1 AND kind = $2 AND key = ANY ($3::bytea[])";
    KeptAfter = "SELECT key, bytes FROM (
            SELECT *, sum(octet_length(bytes)) OVER (ORDER BY key) - octet_length(bytes) AS before
            FROM (SELECT key, bytes FROM @kept WHERE generation = $1 AND kind = $2 AND key > $3 ORDER BY key LIMIT $4) page
        ) sized WHERE before < $5 ORDER BY key";
    KeptFirst = "SELECT key, bytes FROM (
            SELECT *, sum(octet_length(bytes)) OVER (ORDER BY key) - octet_length(bytes) AS before
            FROM (SELECT key, bytes FROM @kept WHERE generation = $1 AND kind = $2 ORDER BY key LIMIT $3) page
        ) sized WHERE before < $4 ORDER BY key";
    KeptBefore = "SELECT key, bytes FROM (
            SELECT *, sum(octet_length(bytes)) OVER (ORDER BY key DESC) - octet_length(bytes) AS before
            FROM (SELECT key, bytes FROM @kept WHERE generation = $1 AND kind = $2 AND key < $3
                ORDER BY key DESC LIMIT $4) page
        ) sized WHERE before < $5 ORDER BY key DESC";
    KeptKeys = "SELECT key FROM @kept WHERE generation = $1 AND kind = $2 ORDER BY key";
    KeptSizes = "SELECT key, octet_length(bytes)::bigint FROM @kept WHERE generation = $1 AND kind = $2 AND key = ANY ($3::bytea[])";
    KeptDue = "SELECT key FROM @kept WHERE generation = $1 AND kind = $2 AND ends_at <= $3 ORDER BY ends_at, key LIMIT $4";
    KeptFlushed = "SELECT 1 FROM @kept WHERE generation < $1 LIMIT 1";
    KeptDeleteFlushed = "DELETE FROM @kept WHERE (generation, kind, key) IN
        (SELECT generation, kind, key FROM @kept WHERE generation < $1 ORDER BY generation, kind, key LIMIT $2)";
}

/// The statements for a schema.
#[derive(Debug)]
pub(super) struct Statements(Vec<String>);

impl Statements {
    pub(super) fn of_schema(schema: &str) -> Self {
        Self(TEXTS.iter().map(|text| in_schema(text, schema)).collect())
    }

    pub(super) fn text(&self, sql: Sql) -> &str {
        self.0.get(sql as usize).map_or("", String::as_str)
    }
}

/// A text in which `@` stands for the schema.
pub(super) fn in_schema(text: &str, schema: &str) -> String {
    text.replace('@', &format!("\"{schema}\"."))
}
