//! Batches: what changes of them, what never does, whose children they are, and when to look at them again.

use rusqlite::types::Type;
use rusqlite::{Error, OptionalExtension, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::{BatchCallbacks, BatchDetails, BatchState, CallbackKind, CallbackState};

/// The states of a callback, each at the place of the number it is stored as.
const CALLBACK_STATES: [CallbackState; 4] = [
    CallbackState::Absent,
    CallbackState::Waiting,
    CallbackState::Queued,
    CallbackState::Done,
];

impl SqliteTx<'_> {
    pub(super) fn make_batch(
        &mut self,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
        state: &BatchState,
    ) -> rusqlite::Result<u64> {
        self.begin()?;
        let count = self.statements.get(Sql::BatchCount)?;
        let id = count.query_row((), |row| number(row, 0))?;
        self.write_batch(Sql::BatchInsert, id, state)?;
        self.statements.get(Sql::BatchDetailsInsert)?.execute((
            self.tallies.generation,
            id.cast_signed(),
            &details.description,
            details.created_at.as_micros(),
            callbacks.complete,
            callbacks.success,
        ))?;
        Ok(id)
    }

    pub(super) fn read_batches(
        &mut self,
        ids: &[u64],
    ) -> rusqlite::Result<Vec<Option<BatchState>>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(Sql::BatchRead)?;
        let mut batches = Vec::with_capacity(ids.len());
        for id in ids {
            batches.push(
                read.query_row((generation, id.cast_signed()), batch)
                    .optional()?,
            );
        }
        Ok(batches)
    }

    pub(super) fn rewrite_batches(
        &mut self,
        batches: &[(u64, BatchState)],
    ) -> rusqlite::Result<()> {
        for (id, state) in batches {
            self.begin()?;
            self.write_batch(Sql::BatchUpdate, *id, state)?;
        }
        Ok(())
    }

    fn write_batch(&mut self, sql: Sql, id: u64, state: &BatchState) -> rusqlite::Result<()> {
        self.statements.get(sql)?.execute((
            self.tallies.generation,
            id.cast_signed(),
            state.check.cast_signed(),
            state.total,
            state.pending,
            state.failed,
            state.committed,
            state.complete as i64,
            state.success as i64,
            state.completed,
            state.succeeded,
            state.children_incomplete,
            state.children_unsuccessful,
            state.changed_at.as_micros(),
        ))?;
        Ok(())
    }

    pub(super) fn read_batch_details(&mut self, id: u64) -> rusqlite::Result<Option<BatchDetails>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(Sql::BatchDetailsRead)?;
        read.query_row((generation, id.cast_signed()), |row| {
            Ok(BatchDetails {
                description: row.get(0)?,
                created_at: Timestamp::from_micros(row.get(1)?),
            })
        })
        .optional()
    }

    pub(super) fn read_callback(
        &mut self,
        id: u64,
        kind: CallbackKind,
    ) -> rusqlite::Result<Option<Vec<u8>>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(match kind {
            CallbackKind::Complete => Sql::BatchCompleteRead,
            CallbackKind::Success => Sql::BatchSuccessRead,
        })?;
        let payload = read.query_row((generation, id.cast_signed()), |row| row.get(0));
        Ok(payload.optional()?.flatten())
    }

    pub(super) fn delete_batches(&mut self, ids: &[u64]) -> rusqlite::Result<()> {
        let generation = self.tallies.generation;
        for id in ids {
            self.begin()?;
            for sql in [Sql::BatchDelete, Sql::BatchDetailsDelete, Sql::BatchUnlink] {
                self.statements
                    .get(sql)?
                    .execute((generation, id.cast_signed()))?;
            }
        }
        Ok(())
    }

    pub(super) fn make_link(&mut self, child: u64, parent: u64) -> rusqlite::Result<bool> {
        let parents = self.read_parents(child)?;
        if parents.contains(&parent) {
            return Ok(false);
        }
        self.begin()?;
        self.statements.get(Sql::BatchLink)?.execute((
            self.tallies.generation,
            child.cast_signed(),
            parents.len(),
            parent.cast_signed(),
        ))?;
        Ok(true)
    }

    pub(super) fn read_parents(&mut self, child: u64) -> rusqlite::Result<Vec<u64>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(Sql::BatchParents)?;
        read.query_map((generation, child.cast_signed()), |row| number(row, 0))?
            .collect()
    }

    pub(super) fn write_dues(&mut self, dues: &[(u64, SteadyTime)]) -> rusqlite::Result<()> {
        for (id, at) in dues {
            self.begin()?;
            self.statements.get(Sql::BatchDueNote)?.execute((
                self.tallies.generation,
                at.as_micros(),
                id.cast_signed(),
            ))?;
        }
        Ok(())
    }

    pub(super) fn take_dues(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> rusqlite::Result<Vec<u64>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(Sql::BatchDuesRead)?;
        let dues: Vec<(i64, u64)> = read
            .query_map((generation, until.as_micros(), limit), |row| {
                Ok((row.get(0)?, number(row, 1)?))
            })?
            .collect::<rusqlite::Result<_>>()?;
        for (at, id) in &dues {
            self.begin()?;
            let delete = self.statements.get(Sql::BatchDueDelete)?;
            delete.execute((generation, at, id.cast_signed()))?;
        }
        Ok(dues.into_iter().map(|(_, id)| id).collect())
    }
}

/// A number of which any bit may be set: clients name batches, and SQLite's integers have a sign.
fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

fn batch(row: &Row<'_>) -> rusqlite::Result<BatchState> {
    Ok(BatchState {
        check: number(row, 0)?,
        total: row.get(1)?,
        pending: row.get(2)?,
        failed: row.get(3)?,
        committed: row.get(4)?,
        complete: callback_state(row, 5)?,
        success: callback_state(row, 6)?,
        completed: row.get(7)?,
        succeeded: row.get(8)?,
        children_incomplete: row.get(9)?,
        children_unsuccessful: row.get(10)?,
        changed_at: SteadyTime::from_micros(row.get(11)?),
    })
}

fn callback_state(row: &Row<'_>, column: usize) -> rusqlite::Result<CallbackState> {
    let stored: usize = row.get(column)?;
    let state = CALLBACK_STATES.get(stored).copied();
    state.ok_or_else(|| {
        let reason = format!("unknown state {stored} of a callback");
        Error::FromSqlConversionFailure(column, Type::Integer, reason.into())
    })
}
