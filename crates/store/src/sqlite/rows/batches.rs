//! The tables of batches: what changes of them, what never does, whose children they are, and when to look at them again.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::SqliteRows;
use crate::sqlite::sql::Sql;
use crate::writer::{KeyedRows, PassingRows};
use crate::{
    BatchCallback, BatchDetails, BatchDue, BatchParents, BatchState, CallbackKind, CallbackState,
    StoreError,
};

/// The states of a callback, each at the place of the number it is stored as.
const CALLBACK_STATES: [CallbackState; 4] = [
    CallbackState::Absent,
    CallbackState::Waiting,
    CallbackState::Queued,
    CallbackState::Done,
];

impl KeyedRows<BatchState> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, id: &u64) -> Result<Option<BatchState>, StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.row(Sql::BatchRead, key, read_batch)
    }

    fn put(&mut self, generation: i64, id: &u64, state: &BatchState) -> Result<(), StoreError> {
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
        self.statements.execute(Sql::BatchWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, id: &u64) -> Result<(), StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.execute(Sql::BatchDelete, key)?;
        Ok(())
    }
}

impl KeyedRows<BatchDetails> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, id: &u64) -> Result<Option<BatchDetails>, StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.row(Sql::BatchDetailsRead, key, |row| {
            Ok(BatchDetails {
                description: row.get(0)?,
                created_at: Timestamp::from_micros(row.get(1)?),
            })
        })
    }

    fn put(&mut self, generation: i64, id: &u64, details: &BatchDetails) -> Result<(), StoreError> {
        let created_at = details.created_at.as_micros();
        let row = (
            generation,
            id.cast_signed(),
            &details.description,
            created_at,
        );
        self.statements.execute(Sql::BatchDetailsWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, id: &u64) -> Result<(), StoreError> {
        let key = (generation, id.cast_signed());
        self.statements.execute(Sql::BatchDetailsDelete, key)?;
        Ok(())
    }
}

/// How to read and to write a callback: it is a column of the row of the details.
fn of_callback(kind: CallbackKind) -> (Sql, Sql) {
    match kind {
        CallbackKind::Complete => (Sql::BatchCompleteRead, Sql::BatchCompleteWrite),
        CallbackKind::Success => (Sql::BatchSuccessRead, Sql::BatchSuccessWrite),
    }
}

impl KeyedRows<BatchCallback> for SqliteRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        &(id, kind): &(u64, CallbackKind),
    ) -> Result<Option<BatchCallback>, StoreError> {
        let (read, _) = of_callback(kind);
        let key = (generation, id.cast_signed());
        let payload: Option<Option<Vec<u8>>> = self.statements.row(read, key, |row| row.get(0))?;
        Ok(payload.flatten().map(BatchCallback))
    }

    fn put(
        &mut self,
        generation: i64,
        &(id, kind): &(u64, CallbackKind),
        callback: &BatchCallback,
    ) -> Result<(), StoreError> {
        let (_, write) = of_callback(kind);
        let row = (generation, id.cast_signed(), Some(&callback.0));
        self.statements.execute(write, row)?;
        Ok(())
    }

    fn remove(
        &mut self,
        generation: i64,
        &(id, kind): &(u64, CallbackKind),
    ) -> Result<(), StoreError> {
        let (_, write) = of_callback(kind);
        let row = (generation, id.cast_signed(), None::<Vec<u8>>);
        self.statements.execute(write, row)?;
        Ok(())
    }
}

impl KeyedRows<BatchParents> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, child: &u64) -> Result<Option<BatchParents>, StoreError> {
        let key = (generation, child.cast_signed());
        let parents = self
            .statements
            .list(Sql::BatchParentsRead, key, |row| number(row, 0))?;
        Ok((!parents.is_empty()).then_some(BatchParents(parents)))
    }

    /// A row for each. Most often there is one more than before: only what differs is written.
    fn put(
        &mut self,
        generation: i64,
        child: &u64,
        BatchParents(parents): &BatchParents,
    ) -> Result<(), StoreError> {
        let before = KeyedRows::<BatchParents>::get(self, generation, child)?;
        let before = before.map_or_else(Vec::new, |before| before.0);
        let alike = before.iter().zip(parents);
        let alike = alike.take_while(|(before, now)| before == now).count();
        let child = child.cast_signed();
        if alike < before.len() {
            let rest = (generation, child, alike);
            self.statements.execute(Sql::BatchParentsDeleteFrom, rest)?;
        }
        for (nth, parent) in parents.iter().enumerate().skip(alike) {
            let row = (generation, child, nth, parent.cast_signed());
            self.statements.execute(Sql::BatchParentWrite, row)?;
        }
        Ok(())
    }

    fn remove(&mut self, generation: i64, child: &u64) -> Result<(), StoreError> {
        let all = (generation, child.cast_signed(), 0);
        self.statements.execute(Sql::BatchParentsDeleteFrom, all)?;
        Ok(())
    }
}

impl KeyedRows<BatchDue> for SqliteRows<'_> {
    fn get(
        &mut self,
        generation: i64,
        &(at, id): &(SteadyTime, u64),
    ) -> Result<Option<BatchDue>, StoreError> {
        let key = (generation, at.as_micros(), id.cast_signed());
        let is_there = self.statements.exists(Sql::BatchDueRead, key)?;
        Ok(is_there.then_some(BatchDue))
    }

    fn put(
        &mut self,
        generation: i64,
        &(at, id): &(SteadyTime, u64),
        _: &BatchDue,
    ) -> Result<(), StoreError> {
        let row = (generation, at.as_micros(), id.cast_signed());
        self.statements.execute(Sql::BatchDueWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, &(at, id): &(SteadyTime, u64)) -> Result<(), StoreError> {
        let key = (generation, at.as_micros(), id.cast_signed());
        self.statements.execute(Sql::BatchDueDelete, key)?;
        Ok(())
    }
}

impl PassingRows<BatchDue> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<(SteadyTime, u64)>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements.list(Sql::BatchDues, range, |row| {
            Ok((SteadyTime::from_micros(row.get(0)?), number(row, 1)?))
        })
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
