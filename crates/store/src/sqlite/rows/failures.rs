//! The tables of groups of failures.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SetName, SteadyTime};

use super::{SqliteRows, number};
use crate::sqlite::sql::Sql;
use crate::writer::{KeyedRows, PassingRows};
use crate::{EntryKey, FailureGroup, FailureId, SetTime, StoreError, Ungrouped};

impl KeyedRows<FailureGroup> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, id: &FailureId) -> Result<Option<FailureGroup>, StoreError> {
        let row = (generation, id.0.cast_signed());
        let record: Option<Vec<u8>> = self
            .statements
            .row(Sql::FailureRead, row, |row| row.get(0))?;
        Ok(record.and_then(|record| FailureGroup::decode_or_drop(*id, &record)))
    }

    fn put(
        &mut self,
        generation: i64,
        id: &FailureId,
        group: &FailureGroup,
    ) -> Result<(), StoreError> {
        let forget_at = group.forget_at.map(SteadyTime::as_micros);
        let row = (generation, id.0.cast_signed(), forget_at, group.encode(*id));
        self.statements.execute(Sql::FailureWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, id: &FailureId) -> Result<(), StoreError> {
        let row = (generation, id.0.cast_signed());
        self.statements.execute(Sql::FailureDelete, row)?;
        Ok(())
    }
}

impl PassingRows<FailureGroup> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<FailureId>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements
            .list(Sql::FailuresDue, range, read_failure_id)
    }
}

impl KeyedRows<Ungrouped> for SqliteRows<'_> {
    fn get(&mut self, _: i64, (): &()) -> Result<Option<Ungrouped>, StoreError> {
        self.statements.row(Sql::UngroupedRead, (), read_ungrouped)
    }

    fn put(&mut self, _: i64, (): &(), Ungrouped { after }: &Ungrouped) -> Result<(), StoreError> {
        let row = (after.set.as_str(), after.at.as_micros(), after.serial);
        self.statements.execute(Sql::UngroupedWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, (): &()) -> Result<(), StoreError> {
        self.statements.execute(Sql::UngroupedDelete, ())?;
        Ok(())
    }
}

pub(super) fn read_failure_id(row: &Row<'_>) -> rusqlite::Result<FailureId> {
    number(row, 0).map(FailureId)
}

/// The columns of the row in the order in which the statements read them.
pub(crate) fn read_ungrouped(row: &Row<'_>) -> rusqlite::Result<Ungrouped> {
    let name: String = row.get(0)?;
    let unknown = || {
        let reason = format!("there is no set {name}");
        Error::FromSqlConversionFailure(0, Type::Text, reason.into())
    };
    Ok(Ungrouped {
        after: EntryKey {
            set: SetName::parse(&name).ok_or_else(unknown)?,
            at: SetTime::from_micros(row.get(1)?),
            serial: row.get(2)?,
        },
    })
}
