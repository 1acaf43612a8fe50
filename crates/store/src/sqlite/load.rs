//! What is read at opening.

use rusqlite::types::Type;
use rusqlite::{Connection, Error, Row};
use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::live_key::{queue_at, queue_key};
use crate::writer::{Loading, QUEUE_ID_MAX, QueueId, QueueRow, QueueState, SetTally, Tallies};
use crate::{Clocks, Counts, JobKey, Reservation};

/// Rows of queues as [`read_queue`] reads them, from a first key to a last one. Older versions did not keep where heads are.
pub(super) const QUEUES: &str = "SELECT key, a, b, c, d, e, f, coalesce(g, 0) FROM live WHERE key BETWEEN ?1 AND ?2 ORDER BY key";

impl Loading for Connection {
    type Error = Error;

    fn queues(&self) -> rusqlite::Result<Vec<(QueueId, QueueRow)>> {
        let mut statement = self.prepare(QUEUES)?;
        let mut rows = statement.query((queue_key(0), queue_key(QUEUE_ID_MAX)))?;
        let mut queues = Vec::new();
        while let Some(row) = rows.next()? {
            if let Some(id) = queue_at(row.get(0)?) {
                queues.push((id, read_queue(row)?));
            }
        }
        Ok(queues)
    }

    fn reservations(&self, mut each: impl FnMut(Reservation)) -> rusqlite::Result<()> {
        let mut statement = self.prepare(
            "SELECT key, jid, wid, reserved_at, expires_at, tied FROM reservations ORDER BY key",
        )?;
        let mut rows = statement.query(())?;
        while let Some(row) = rows.next()? {
            each(read_reservation(row)?);
        }
        Ok(())
    }

    fn job_keys(
        &self,
        (first, last): (i64, i64),
        mut each: impl FnMut(i64),
    ) -> rusqlite::Result<()> {
        let mut statement =
            self.prepare_cached("SELECT key FROM jobs WHERE key BETWEEN ?1 AND ?2 ORDER BY key")?;
        let mut rows = statement.query((first, last))?;
        while let Some(row) = rows.next()? {
            each(row.get(0)?);
        }
        Ok(())
    }

    fn tallies(&self) -> rusqlite::Result<Tallies> {
        let set_id_next = self.query_row("SELECT max(id) + 1 FROM sets", (), |row| row.get(0))?;
        let mut tallies = self.query_row(
            "SELECT working, processed, failures, last_serial, ends_generation, expired, steady, wall FROM tallies",
            (),
            read_tallies,
        )?;
        tallies.set_id_next = set_id_next;
        for set in SetName::ALL {
            *tallies.set_mut(set) = self.query_row(
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
}

/// Key, name, state, pause, size, next position, front position, head position.
pub(super) fn read_queue(row: &Row<'_>) -> rusqlite::Result<QueueRow> {
    Ok(QueueRow {
        name: row.get::<_, String>(1)?.into(),
        state: read_state(row, 2)?,
        paused: row.get(3)?,
        size: row.get(4)?,
        position_next: row.get(5)?,
        position_front: row.get(6)?,
        position_head: row.get(7)?,
    })
}

/// Key, job id, worker, beginning, end, whether it has features.
pub(super) fn read_reservation(row: &Row<'_>) -> rusqlite::Result<Reservation> {
    Ok(Reservation {
        key: JobKey(row.get(0)?),
        jid: row.get(1)?,
        wid: row.get(2)?,
        reserved_at: SteadyTime::from_micros(row.get(3)?),
        expires_at: SteadyTime::from_micros(row.get(4)?),
        has_features: row.get(5)?,
        connection: 0,
        series: 0,
    })
}

/// The row of tallies.
pub(super) fn read_tallies(row: &Row<'_>) -> rusqlite::Result<Tallies> {
    Ok(Tallies {
        working: row.get(0)?,
        counts: Counts {
            processed: row.get(1)?,
            failures: row.get(2)?,
            expired: row.get(5)?,
        },
        last_serial: row.get(3)?,
        generation: row.get(4)?,
        clocks: read_clocks(row, 6)?,
        ..Tallies::default()
    })
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

/// How far the clocks were; none before they were kept for the first time.
fn read_clocks(row: &Row<'_>, column: usize) -> rusqlite::Result<Option<Clocks>> {
    let (steady, wall): (Option<i64>, Option<i64>) = (row.get(column)?, row.get(column + 1)?);
    Ok(steady.zip(wall).map(|(steady, wall)| Clocks {
        steady: SteadyTime::from_micros(steady),
        wall: Timestamp::from_micros(wall),
    }))
}
