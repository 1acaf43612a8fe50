//! Ticks of cron entries that are done.

use rusqlite::OptionalExtension;
use workmill_proto::Timestamp;

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::CronTick;

impl SqliteTx<'_> {
    pub(super) fn read_cron_ticks(
        &mut self,
        names: &[&str],
    ) -> rusqlite::Result<Vec<Option<Timestamp>>> {
        let read = self.statements.get(Sql::CronTickRead)?;
        let mut ticks = Vec::with_capacity(names.len());
        for name in names {
            let at: Option<i64> = read.query_row((name,), |row| row.get(0)).optional()?;
            ticks.push(at.map(Timestamp::from_micros));
        }
        Ok(ticks)
    }

    pub(super) fn write_cron_ticks(&mut self, ticks: &[CronTick]) -> rusqlite::Result<()> {
        for tick in ticks {
            self.begin()?;
            self.statements
                .get(Sql::CronTickWrite)?
                .execute((&*tick.name, tick.at.as_micros()))?;
        }
        Ok(())
    }
}
