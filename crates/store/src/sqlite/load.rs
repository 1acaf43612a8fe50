//! What is read into memory at opening: small tables, and of the jobs only those handed out and back.

use std::collections::BTreeSet;

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row};
use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::cache::Cache;
use super::mirror::{Held, Mirror};
use super::place::{QueueId, key_at, keys_of, queue_of};
use super::queues::{QueueCopy, QueueRow, QueueState, Queues};
use super::tallies::{SetTally, Tallies};
use crate::{Clocks, Counts};

/// Reads everything that is kept in memory.
pub(super) fn load(conn: &Connection) -> rusqlite::Result<(Cache, Tallies)> {
    let mut queues = read_queues(conn)?;
    let mirror = read_reservations(conn, &queues)?;
    find_heads(conn, &mut queues, &mirror)?;
    let mut tallies = read_tallies(conn)?;
    tallies.working = mirror.len() as u64;
    // What was reserved since the clocks were last kept tells that they went on.
    if let (Some(clocks), Some(latest)) = (&mut tallies.clocks, mirror.latest_start()) {
        clocks.steady = clocks.steady.max(latest);
    }
    Ok((Cache::new(queues, mirror), tallies))
}

fn read_queues(conn: &Connection) -> rusqlite::Result<Queues> {
    let mut queues = Queues::default();
    let mut statement = conn.prepare(
        "SELECT id, name, state, paused, size, position_next, position_front FROM queues ORDER BY id",
    )?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let id: QueueId = row.get(0)?;
        let row = QueueRow {
            name: row.get::<_, String>(1)?.into(),
            state: read_state(row, 2)?,
            paused: row.get(3)?,
            size: row.get(4)?,
            position_next: row.get(5)?,
            position_front: row.get(6)?,
        };
        let copy = QueueCopy {
            head: key_at(id, row.position_front),
            swept_until: key_at(id, 0),
            row,
        };
        queues.restore(id, Some(copy));
    }
    Ok(queues)
}

fn read_state(row: &Row<'_>, column: usize) -> rusqlite::Result<QueueState> {
    let stored: i64 = row.get(column)?;
    let state = QueueState::ALL
        .into_iter()
        .find(|&state| state as i64 == stored);
    state.ok_or_else(|| {
        let reason = format!("unknown state {stored} of a queue");
        Error::FromSqlConversionFailure(column, Type::Integer, reason.into())
    })
}

fn read_reservations(conn: &Connection, queues: &Queues) -> rusqlite::Result<Mirror> {
    let mut mirror = Mirror::default();
    let mut statement = conn.prepare(
        "SELECT key, jid, wid, reserved_at, expires_at, tied FROM reservations ORDER BY key",
    )?;
    let mut rows = statement.query(())?;
    while let Some(row) = rows.next()? {
        let key: i64 = row.get(0)?;
        let queue = queue_of(key).and_then(|id| queues.get(id));
        let state = queue.map(|queue| queue.now.row.state);
        if !matches!(state, Some(QueueState::Live | QueueState::Removed)) {
            continue;
        }
        let wid: String = row.get(2)?;
        let held = Held {
            jid: row.get::<_, String>(1)?.into(),
            wid: mirror.worker_id(&wid),
            reserved_at: SteadyTime::from_micros(row.get(3)?),
            expires_at: SteadyTime::from_micros(row.get(4)?),
            tied: row.get(5)?,
            connection: 0,
        };
        mirror.insert(key, held);
    }
    Ok(mirror)
}

/// Finds where claiming goes on: after the last job that is handed out, once those that came back from
/// before it are gone. Looks at no job behind that one.
fn find_heads(conn: &Connection, queues: &mut Queues, mirror: &Mirror) -> rusqlite::Result<()> {
    let mut statement =
        conn.prepare("SELECT key FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
    let live: Vec<QueueId> = queues.live().map(|(id, _)| id).collect();
    for id in live {
        let Some(last) = mirror.last_within(keys_of(id)) else {
            continue;
        };
        let mut returned = BTreeSet::new();
        let mut rows = statement.query((keys_of(id).start(), last))?;
        while let Some(row) = rows.next()? {
            let key: i64 = row.get(0)?;
            if !mirror.contains(key) {
                returned.insert(key);
            }
        }
        if let Some(queue) = queues.get_mut(id) {
            queue.now.head = last + 1;
            queue.returned = returned;
        }
    }
    Ok(())
}

/// How far the clocks were; none before they were kept for the first time.
fn read_clocks(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Clocks>> {
    let (steady, wall): (Option<i64>, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
    Ok(steady.zip(wall).map(|(steady, wall)| Clocks {
        steady: SteadyTime::from_micros(steady),
        wall: Timestamp::from_micros(wall),
    }))
}

fn read_tallies(conn: &Connection) -> rusqlite::Result<Tallies> {
    let set_id_next = conn.query_row("SELECT max(id) + 1 FROM sets", (), |row| row.get(0))?;
    let mut tallies = conn.query_row(
        "SELECT processed, failures, expired, last_serial, ends_generation, steady, wall FROM tallies",
        (),
        |row| {
            Ok(Tallies {
                clocks: read_clocks(row, 5)?,
                counts: Counts {
                    processed: row.get(0)?,
                    failures: row.get(1)?,
                    expired: row.get(2)?,
                },
                last_serial: row.get(3)?,
                generation: row.get(4)?,
                set_id_next,
                ..Tallies::default()
            })
        },
    )?;
    for set in SetName::ALL {
        *tallies.set_mut(set) = conn.query_row(
            "SELECT id, size FROM sets WHERE name = ?1 AND cleared = 0",
            (set.as_str(),),
            |row| {
                Ok(SetTally {
                    id: row.get(0)?,
                    size: row.get(1)?,
                })
            },
        )?;
    }
    Ok(tallies)
}
