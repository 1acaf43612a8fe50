//! The table of answers to servers.

use rusqlite::Row;
use workmill_proto::SteadyTime;

use super::{SqliteRows, number};
use crate::sqlite::sql::Sql;
use crate::writer::{KeyedRows, PassingRows};
use crate::{AnswerLog, StoreError};

impl KeyedRows<AnswerLog> for SqliteRows<'_> {
    fn get(&mut self, _: i64, server: &u64) -> Result<Option<AnswerLog>, StoreError> {
        let server = server.cast_signed();
        self.statements.row(Sql::AnswerLogRead, (server,), |row| {
            Ok(AnswerLog {
                noted_at: SteadyTime::from_micros(row.get(0)?),
                bytes: row.get::<_, Vec<u8>>(1)?.into(),
            })
        })
    }

    fn put(&mut self, _: i64, server: &u64, log: &AnswerLog) -> Result<(), StoreError> {
        let row = (server.cast_signed(), log.noted_at.as_micros(), &*log.bytes);
        self.statements.execute(Sql::AnswerLogWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, _: i64, server: &u64) -> Result<(), StoreError> {
        let server = server.cast_signed();
        self.statements.execute(Sql::AnswerLogDelete, (server,))?;
        Ok(())
    }
}

impl PassingRows<AnswerLog> for SqliteRows<'_> {
    fn due(&mut self, _: i64, until: SteadyTime, limit: usize) -> Result<Vec<u64>, StoreError> {
        let until = (until.as_micros(),);
        let due = |row: &Row<'_>| Ok((row.get::<_, i64>(0)?, number(row, 1)?));
        let mut due = self.statements.list(Sql::AnswerLogsDue, until, due)?;
        // Rows change with each group, and there are few: an index would cost more than this.
        due.sort_unstable();
        Ok(due
            .into_iter()
            .map(|(_, server)| server)
            .take(limit)
            .collect())
    }
}
