//! Remembered ends of reservations.

use workmill_proto::Timestamp;

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::ReservationEnd;

impl SqliteTx<'_> {
    pub(super) fn insert_ends(&mut self, ends: &[ReservationEnd]) -> rusqlite::Result<()> {
        for end in ends {
            self.begin()?;
            self.statements.get(Sql::EndInsert)?.execute((
                self.tallies.generation,
                end.at.as_micros(),
                &*end.jid,
                &*end.wid,
            ))?;
        }
        Ok(())
    }

    pub(super) fn find_end(&mut self, jid: &str, wid: &str) -> rusqlite::Result<bool> {
        let generation = self.tallies.generation;
        self.statements
            .get(Sql::EndRead)?
            .exists((generation, jid, wid))
    }

    pub(super) fn delete_ends(
        &mut self,
        until: Timestamp,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        self.forget((Sql::EndsReadUntil, Sql::EndsDeleteUntil), until, limit)
    }
}
