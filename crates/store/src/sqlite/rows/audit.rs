//! The tables of the audit log.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SteadyTime, Timestamp};

use super::{SqliteRows, number};
use crate::sqlite::sql::Sql;
use crate::writer::{KeyedRows, PassingRows};
use crate::{
    ActionPart, AuditEntry, AuditState, OpenAction, Operator, PartOf, StoreError, WatchedJob,
    WatchedKey,
};

impl KeyedRows<AuditEntry> for SqliteRows<'_> {
    fn get(&mut self, _: i64, id: &u64) -> Result<Option<AuditEntry>, StoreError> {
        let id = id.cast_signed();
        self.statements.row(Sql::AuditRead, (id,), read_audit)
    }

    fn put(&mut self, _: i64, id: &u64, entry: &AuditEntry) -> Result<(), StoreError> {
        let (state, reason) = match &entry.state {
            AuditState::Running => (0, ""),
            AuditState::Done => (1, ""),
            AuditState::Cancelled => (2, ""),
            AuditState::Failed(reason) => (3, &**reason),
            AuditState::Interrupted => (4, ""),
        };
        let row = (
            id.cast_signed(),
            entry.noted_at.as_micros(),
            entry.began_at.as_micros(),
            entry.ended_at.map(Timestamp::as_micros),
            state,
            reason,
            &*entry.by.name,
            &*entry.by.role,
            &*entry.by.address,
            &*entry.action,
            &*entry.target,
            entry.changed.cast_signed(),
            entry.skipped.cast_signed(),
            entry.operation.map(u64::cast_signed),
            entry.undoes.map(u64::cast_signed),
        );
        self.statements.execute(Sql::AuditWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, id: &u64) -> Result<(), StoreError> {
        let id = id.cast_signed();
        self.statements.execute(Sql::AuditDelete, (id,))?;
        Ok(())
    }
}

impl PassingRows<AuditEntry> for SqliteRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let range = (until.as_micros(), limit);
        self.statements
            .list(Sql::AuditDue, range, |row| number(row, 0))
    }
}

impl KeyedRows<OpenAction> for SqliteRows<'_> {
    fn get(&mut self, _: i64, id: &u64) -> Result<Option<OpenAction>, StoreError> {
        let id = id.cast_signed();
        self.statements.row(Sql::OpenActionRead, (id,), |row| {
            let since = SteadyTime::from_micros(row.get(0)?);
            Ok(OpenAction { since })
        })
    }

    fn put(&mut self, _: i64, id: &u64, open: &OpenAction) -> Result<(), StoreError> {
        let row = (id.cast_signed(), open.since.as_micros());
        self.statements.execute(Sql::OpenActionWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, id: &u64) -> Result<(), StoreError> {
        let id = id.cast_signed();
        self.statements.execute(Sql::OpenActionDelete, (id,))?;
        Ok(())
    }
}

impl PassingRows<OpenAction> for SqliteRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let range = (until.as_micros(), limit);
        self.statements
            .list(Sql::OpenActionsDue, range, |row| number(row, 0))
    }
}

impl KeyedRows<ActionPart> for SqliteRows<'_> {
    fn get(&mut self, _: i64, key: &(u64, PartOf)) -> Result<Option<ActionPart>, StoreError> {
        self.statements
            .row(Sql::ActionPartRead, part_key(*key), |row| {
                Ok(ActionPart(row.get(0)?))
            })
    }

    fn put(&mut self, _: i64, key: &(u64, PartOf), part: &ActionPart) -> Result<(), StoreError> {
        let (id, of) = part_key(*key);
        self.statements
            .execute(Sql::ActionPartWrite, (id, of, &*part.0))?;
        Ok(())
    }

    fn remove(&mut self, _: i64, key: &(u64, PartOf)) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::ActionPartDelete, part_key(*key))?;
        Ok(())
    }
}

impl KeyedRows<WatchedJob> for SqliteRows<'_> {
    fn get(
        &mut self,
        _: i64,
        (action, jid): &WatchedKey,
    ) -> Result<Option<WatchedJob>, StoreError> {
        let key = (action.cast_signed(), &**jid);
        self.statements.row(Sql::WatchedJobRead, key, |row| {
            Ok(WatchedJob {
                since: SteadyTime::from_micros(row.get(0)?),
                queue: row.get(1)?,
            })
        })
    }

    fn put(
        &mut self,
        _: i64,
        (action, jid): &WatchedKey,
        job: &WatchedJob,
    ) -> Result<(), StoreError> {
        let since = job.since.as_micros();
        let row = (action.cast_signed(), &**jid, since, &*job.queue);
        self.statements.execute(Sql::WatchedJobWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, (action, jid): &WatchedKey) -> Result<(), StoreError> {
        let key = (action.cast_signed(), &**jid);
        self.statements.execute(Sql::WatchedJobDelete, key)?;
        Ok(())
    }
}

impl PassingRows<WatchedJob> for SqliteRows<'_> {
    fn due(
        &mut self,
        _: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<WatchedKey>, StoreError> {
        let range = (until.as_micros(), limit);
        self.statements.list(Sql::WatchedJobsDue, range, |row| {
            Ok((number(row, 0)?, row.get(1)?))
        })
    }
}

fn part_key((id, part): (u64, PartOf)) -> (i64, i64) {
    let part = match part {
        PartOf::Change => 0,
        PartOf::Progress => 1,
    };
    (id.cast_signed(), part)
}

/// The columns of an entry in the order in which the statements read them.
pub(crate) fn read_audit(row: &Row<'_>) -> rusqlite::Result<AuditEntry> {
    let state = match row.get::<_, i64>(3)? {
        0 => AuditState::Running,
        1 => AuditState::Done,
        2 => AuditState::Cancelled,
        3 => AuditState::Failed(row.get(4)?),
        4 => AuditState::Interrupted,
        state => {
            let reason = format!("unknown state {state} of an action");
            return Err(Error::FromSqlConversionFailure(
                3,
                Type::Integer,
                reason.into(),
            ));
        }
    };
    Ok(AuditEntry {
        noted_at: SteadyTime::from_micros(row.get(0)?),
        began_at: Timestamp::from_micros(row.get(1)?),
        ended_at: row.get::<_, Option<i64>>(2)?.map(Timestamp::from_micros),
        state,
        by: Operator {
            name: row.get(5)?,
            role: row.get(6)?,
            address: row.get(7)?,
        },
        action: row.get(8)?,
        target: row.get(9)?,
        changed: number(row, 10)?,
        skipped: number(row, 11)?,
        operation: row.get::<_, Option<i64>>(12)?.map(i64::cast_unsigned),
        undoes: row.get::<_, Option<i64>>(13)?.map(i64::cast_unsigned),
    })
}
