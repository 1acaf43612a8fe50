//! Remembered ends of reservations.

use workmill_proto::SteadyTime;

use super::sql::Sql;
use super::tx::SqliteTx;
use crate::ReservationEnd;

impl SqliteTx<'_> {
    pub(super) fn write_ends(&mut self, ends: &[ReservationEnd]) -> rusqlite::Result<()> {
        for end in ends {
            self.begin()?;
            let row = (
                self.tallies.generation,
                end.at.as_micros(),
                &*end.jid,
                &*end.wid,
            );
            // One row, however often: a job that is fetched and requeued in a loop must not fill the disk.
            if self.statements.get(Sql::EndRenew)?.execute(row)? == 0 {
                self.statements.get(Sql::EndInsert)?.execute(row)?;
            }
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
        until: SteadyTime,
        limit: usize,
    ) -> rusqlite::Result<usize> {
        self.forget((Sql::EndsReadUntil, Sql::EndsDeleteUntil), until, limit)
    }
}
