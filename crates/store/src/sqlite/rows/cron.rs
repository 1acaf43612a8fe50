//! The tables of cron entries.

use rusqlite::Row;
use workmill_proto::Timestamp;

use super::SqliteRows;
use crate::sqlite::sql::Sql;
use crate::writer::KeyedRows;
use crate::{CronDefinition, CronTick, PastRuns, StoreError};

impl KeyedRows<CronTick> for SqliteRows<'_> {
    fn get(&mut self, _: i64, name: &Box<str>) -> Result<Option<CronTick>, StoreError> {
        self.statements.row(Sql::CronTickRead, (&**name,), |row| {
            let paused_since: Option<i64> = row.get(1)?;
            Ok(CronTick {
                at: Timestamp::from_micros(row.get(0)?),
                paused_since: paused_since.map(Timestamp::from_micros),
            })
        })
    }

    fn put(&mut self, _: i64, name: &Box<str>, tick: &CronTick) -> Result<(), StoreError> {
        let paused_since = tick.paused_since.map(Timestamp::as_micros);
        let row = (&**name, tick.at.as_micros(), paused_since);
        self.statements.execute(Sql::CronTickWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, name: &Box<str>) -> Result<(), StoreError> {
        self.statements.execute(Sql::CronTickDelete, (&**name,))?;
        Ok(())
    }
}

impl KeyedRows<CronDefinition> for SqliteRows<'_> {
    fn get(&mut self, _: i64, name: &Box<str>) -> Result<Option<CronDefinition>, StoreError> {
        self.statements
            .row(Sql::CronDefinitionRead, (&**name,), read_definition)
    }

    fn put(
        &mut self,
        _: i64,
        name: &Box<str>,
        definition: &CronDefinition,
    ) -> Result<(), StoreError> {
        let row = (
            &**name,
            &*definition.schedule,
            definition.timezone.as_deref(),
            definition.catch_up,
            &*definition.job,
            definition.changed_at.as_micros(),
            &*definition.changed_by,
        );
        self.statements.execute(Sql::CronDefinitionWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, name: &Box<str>) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::CronDefinitionDelete, (&**name,))?;
        Ok(())
    }
}

impl KeyedRows<PastRuns> for SqliteRows<'_> {
    fn get(&mut self, _: i64, name: &Box<str>) -> Result<Option<PastRuns>, StoreError> {
        let found = self.statements.row(Sql::PastRunsRead, (&**name,), |row| {
            Ok(PastRuns::decode(name, row.get_ref(0)?.as_blob()?))
        })?;
        if matches!(found, Some(None)) {
            tracing::warn!(%name, "what is kept of the runs of a cron entry is damaged: it begins anew");
        }
        Ok(found.flatten())
    }

    fn put(&mut self, _: i64, name: &Box<str>, runs: &PastRuns) -> Result<(), StoreError> {
        let row = (&**name, runs.encode(name));
        self.statements.execute(Sql::PastRunsWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, name: &Box<str>) -> Result<(), StoreError> {
        self.statements.execute(Sql::PastRunsDelete, (&**name,))?;
        Ok(())
    }
}

/// A cron entry that was made while the server ran, from the first six columns.
pub(crate) fn read_definition(row: &Row<'_>) -> rusqlite::Result<CronDefinition> {
    Ok(CronDefinition {
        schedule: row.get(0)?,
        timezone: row.get(1)?,
        catch_up: row.get(2)?,
        job: row.get_ref(3)?.as_blob()?.into(),
        changed_at: Timestamp::from_micros(row.get(4)?),
        changed_by: row.get(5)?,
    })
}
