//! The tables of batches: what changes of them, what never does, whose children they are, and when to look at them again.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::SqliteRows;
use crate::sqlite::sql::Sql;
use crate::writer::BatchRows;
use crate::{BatchCallbacks, BatchDetails, BatchState, CallbackKind, CallbackState, StoreError};

/// The states of a callback, each at the place of the number it is stored as.
const CALLBACK_STATES: [CallbackState; 4] = [
    CallbackState::Absent,
    CallbackState::Waiting,
    CallbackState::Queued,
    CallbackState::Done,
];

impl BatchRows for SqliteRows<'_> {
    fn next_batch(&mut self) -> Result<u64, StoreError> {
        let count = |row: &Row<'_>| number(row, 0);
        let counted = self.statements.row(Sql::BatchCount, (), count)?;
        counted
            .ok_or_else(|| StoreError::Inconsistent("the number of the last batch is gone".into()))
    }

    fn insert_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError> {
        self.write_batch(Sql::BatchInsert, generation, id, state)
    }

    fn insert_batch_details(
        &mut self,
        generation: i64,
        id: u64,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
    ) -> Result<(), StoreError> {
        let row = (
            generation,
            id.cast_signed(),
            &details.description,
            details.created_at.as_micros(),
            callbacks.complete,
            callbacks.success,
        );
        self.statements.execute(Sql::BatchDetailsInsert, row)?;
        Ok(())
    }

    fn batch(&mut self, generation: i64, id: u64) -> Result<Option<BatchState>, StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.row(Sql::BatchRead, key, read_batch)
    }

    fn update_batch(
        &mut self,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError> {
        self.write_batch(Sql::BatchUpdate, generation, id, state)
    }

    fn batch_details(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<BatchDetails>, StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.row(Sql::BatchDetailsRead, key, |row| {
            Ok(BatchDetails {
                description: row.get(0)?,
                created_at: Timestamp::from_micros(row.get(1)?),
            })
        })
    }

    fn batch_callback(
        &mut self,
        generation: i64,
        id: u64,
        kind: CallbackKind,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        let read = match kind {
            CallbackKind::Complete => Sql::BatchCompleteRead,
            CallbackKind::Success => Sql::BatchSuccessRead,
        };
        let key = (generation, id.cast_signed());
        let payload = self.statements.row(read, key, |row| row.get(0));
        Ok(payload?.flatten())
    }

    fn delete_batch(&mut self, generation: i64, id: u64) -> Result<(), StoreError> {
        for sql in [Sql::BatchDelete, Sql::BatchDetailsDelete, Sql::BatchUnlink] {
            self.statements
                .execute(sql, (generation, id.cast_signed()))?;
        }
        Ok(())
    }

    fn batch_parents(&mut self, generation: i64, child: u64) -> Result<Vec<u64>, StoreError> {
        let key = (generation, child.cast_signed());
        self.statements
            .list(Sql::BatchParents, key, |row| number(row, 0))
    }

    fn link_batch(
        &mut self,
        generation: i64,
        child: u64,
        nth: usize,
        parent: u64,
    ) -> Result<(), StoreError> {
        let row = (generation, child.cast_signed(), nth, parent.cast_signed());
        self.statements.execute(Sql::BatchLink, row)?;
        Ok(())
    }

    fn insert_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError> {
        let row = (generation, at.as_micros(), id.cast_signed());
        self.statements.execute(Sql::BatchDueNote, row)?;
        Ok(())
    }

    fn batch_dues(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<(SteadyTime, u64)>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements.list(Sql::BatchDuesRead, range, |row| {
            Ok((SteadyTime::from_micros(row.get(0)?), number(row, 1)?))
        })
    }

    fn delete_batch_due(
        &mut self,
        generation: i64,
        at: SteadyTime,
        id: u64,
    ) -> Result<(), StoreError> {
        let row = (generation, at.as_micros(), id.cast_signed());
        self.statements.execute(Sql::BatchDueDelete, row)?;
        Ok(())
    }
}

impl SqliteRows<'_> {
    fn write_batch(
        &mut self,
        sql: Sql,
        generation: i64,
        id: u64,
        state: &BatchState,
    ) -> Result<(), StoreError> {
        let row = (
            generation,
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
        );
        self.statements.execute(sql, row)?;
        Ok(())
    }
}

/// A number of which any bit may be set: clients name batches, and SQLite's integers have a sign.
pub(crate) fn number(row: &Row<'_>, column: usize) -> rusqlite::Result<u64> {
    row.get(column).map(i64::cast_unsigned)
}

/// The columns of a batch in the order in which the statements read them.
pub(crate) fn read_batch(row: &Row<'_>) -> rusqlite::Result<BatchState> {
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
