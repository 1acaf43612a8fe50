//! The tables, and the versions they went through.

use tokio_postgres::error::SqlState;

use super::failure::Failure;
use super::link::Link;
use super::live;
use super::pages::column;
use super::request::{Request, Value};
use super::sql::in_schema;
use super::target::Target;
use crate::StoreError;

/// Each step brings the tables from the version that is its index to the next. Never change one that has been released:
/// append. Each only adds, so that servers of both versions can run side by side. `@` stands for the schema.
const MIGRATIONS: &[&str] = &["
-- The one who may write: whoever has this number. A takeover counts it up, and waits for whoever has locked it.
CREATE TABLE @leader (epoch bigint PRIMARY KEY);
INSERT INTO @leader VALUES (0);
-- What the leader says of itself, where other servers reach it, and until when it has the lease, in microseconds of its wall
-- clock. Beside the other row, as it changes all the time. ended: whether it has resigned.
CREATE TABLE @renewals (one boolean PRIMARY KEY CHECK (one), epoch bigint NOT NULL, holder text NOT NULL,
    address text NOT NULL, until bigint NOT NULL, ended boolean NOT NULL);
INSERT INTO @renewals VALUES (true, 0, '', '', 0, true);
-- key: the number of the queue and the position. A reserved job stays here.
CREATE TABLE @jobs (key bigint PRIMARY KEY, record bytea NOT NULL);
ALTER TABLE @jobs ALTER record SET STORAGE EXTERNAL;
-- Texts of clients are bytes: they may have any character.
CREATE TABLE @reservations (key bigint PRIMARY KEY, jid bytea NOT NULL, wid bytea NOT NULL,
    reserved_at bigint NOT NULL, expires_at bigint NOT NULL, has_features boolean NOT NULL);
CREATE TABLE @entries (set_id bigint, at bigint, serial bigint, record bytea NOT NULL, PRIMARY KEY (set_id, at, serial));
ALTER TABLE @entries ALTER record SET STORAGE EXTERNAL;
-- Queues, sets, tallies, counters: each change is a new row.
CREATE TABLE @live (id bigint, version bigint, bytes bytea NOT NULL, PRIMARY KEY (id, version));
-- What is kept besides jobs, of all kinds. What was kept in an older generation was flushed.
CREATE TABLE @kept (generation bigint, kind bigint, key bytea, ends_at bigint, bytes bytea NOT NULL,
    PRIMARY KEY (generation, kind, key));
CREATE INDEX kept_by_end ON @kept (generation, kind, ends_at, key) WHERE ends_at IS NOT NULL;
"];

/// All tables: what becomes of their dead rows is part of the schema.
const TABLES: [&str; 7] = [
    "leader",
    "renewals",
    "jobs",
    "reservations",
    "entries",
    "live",
    "kept",
];

/// How many times the tables are tried to be changed, while others use them.
const LOCK_TRIES_MAX: usize = 30;

/// Makes the tables, or brings them to the version of this server. That needs the right to create a schema, or the role that
/// owns it; running a server does not. Tells the version that was found, if there was one.
///
/// # Errors
/// [`StoreError::Open`] if the database cannot be reached, or the tables are of a newer version; [`StoreError::Busy`] if others
/// have used them all the while.
pub fn migrate(target: &Target) -> Result<Option<usize>, StoreError> {
    let mut link = target.connect()?;
    let found = version(&mut link, target)?;
    let known = MIGRATIONS.len();
    match found {
        Some(found) if found > known => return Err(too_new(target, found)),
        Some(found) if found == known => return Ok(Some(found)),
        _ => {}
    }
    let text = script(target.schema(), found);
    for tries in 1.. {
        let failure = match link.ask_one(Request::Simple(&text)) {
            Ok(_) => break,
            Err(failure) => failure,
        };
        // The transaction has failed, and is still open.
        link.ask_one(Request::Simple("ROLLBACK")).ok();
        if failure.code() != Some(&SqlState::LOCK_NOT_AVAILABLE) {
            return Err(StoreError::Open(format!(
                "cannot make the tables in the schema {} of {target}: {failure}",
                target.schema()
            )));
        }
        if tries >= LOCK_TRIES_MAX {
            return Err(StoreError::Busy(failure.to_string()));
        }
    }
    Ok(found)
}

/// All statements that bring the tables of a version to that of this server, in one transaction.
fn script(schema: &str, found: Option<usize>) -> String {
    let mut text =
        String::from("BEGIN; SET LOCAL lock_timeout = '1s'; SET LOCAL synchronous_commit = on;\n");
    if found.is_none() {
        text.push_str(&format!("CREATE SCHEMA IF NOT EXISTS \"{schema}\";\n"));
        text.push_str("CREATE TABLE @meta (name text PRIMARY KEY, value bigint NOT NULL);\n");
        text.push_str("INSERT INTO @meta VALUES ('schema', 0);\n");
    }
    for step in MIGRATIONS.iter().skip(found.unwrap_or(0)) {
        text.push_str(step);
    }
    if found.is_none() {
        for (id, bytes) in live::first_rows() {
            let bytes: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
            text.push_str(&format!(
                "INSERT INTO @live VALUES ({id}, 0, '\\x{bytes}');\n"
            ));
        }
    }
    for table in TABLES {
        // Dead rows are taken away soon and in one go: there are many, and they are in the way of each look for others.
        text.push_str(&format!(
            "ALTER TABLE @{table} SET (autovacuum_vacuum_scale_factor = 0.05, autovacuum_vacuum_threshold = 5000, \
             autovacuum_vacuum_insert_scale_factor = 1, autovacuum_vacuum_cost_delay = 0);\n"
        ));
    }
    let known = MIGRATIONS.len();
    text.push_str(&format!(
        "UPDATE @meta SET value = {known} WHERE name = 'schema'; COMMIT"
    ));
    in_schema(&text, schema)
}

/// Checks that the database can be reached, and that its tables are of the version of this server.
///
/// # Errors
/// [`StoreError::Open`] with what to do.
pub fn check_tables(target: &Target) -> Result<(), StoreError> {
    check(&mut target.connect()?, target)
}

pub(super) fn check(link: &mut Link, target: &Target) -> Result<(), StoreError> {
    let known = MIGRATIONS.len();
    match version(link, target)? {
        Some(found) if found == known => Ok(()),
        Some(found) if found > known => Err(too_new(target, found)),
        Some(found) => Err(StoreError::Open(format!(
            "the schema {} of {target} has version {found} of the tables and this server needs {known}: run \
             `workmill migrate` as the role that owns it",
            target.schema()
        ))),
        None => Err(StoreError::Open(format!(
            "there are no tables in the schema {} of {target}: run `workmill migrate` as the role that is to own them",
            target.schema()
        ))),
    }
}

fn too_new(target: &Target, found: usize) -> StoreError {
    let known = MIGRATIONS.len();
    StoreError::Open(format!(
        "the schema {} of {target} has version {found} of the tables and this server knows {known}: run the newer server",
        target.schema()
    ))
}

/// The version of the tables; none if there are none.
fn version(link: &mut Link, target: &Target) -> Result<Option<usize>, StoreError> {
    let text = in_schema(
        "SELECT value FROM @meta WHERE name = 'schema'",
        target.schema(),
    );
    let values: Vec<Value<'_>> = Vec::new();
    match link.ask_one(Request::Statement(&text, values)) {
        Ok(answer) => match answer.rows.first() {
            Some(row) => {
                let version: i64 = column(row, 0)?;
                Ok(usize::try_from(version).ok())
            }
            None => Err(StoreError::Open(format!(
                "the schema {} of {target} does not say its version: restore it from a backup",
                target.schema()
            ))),
        },
        Err(failure) if is_missing(&failure) => Ok(None),
        Err(failure) => Err(StoreError::Open(format!(
            "cannot read the version of the tables in the schema {} of {target}: {failure}",
            target.schema()
        ))),
    }
}

fn is_missing(failure: &Failure) -> bool {
    let missing = [&SqlState::UNDEFINED_TABLE, &SqlState::INVALID_SCHEMA_NAME];
    failure.code().is_some_and(|code| missing.contains(&code))
}
