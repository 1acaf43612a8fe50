//! The table of what is live: reservations, queues, counters and tallies.

use workmill_proto::SteadyTime;

use super::SqliteRows;
use crate::sqlite::live_key::{TALLIES_KEY, day_key, queue_key};
use crate::sqlite::sql::Sql;
use crate::writer::{LiveRows, QueueId, QueueRow, Tallies};
use crate::{Counts, Reservation, StoreError};

impl LiveRows for SqliteRows<'_> {
    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        let row = (
            reservation.key.0,
            &*reservation.jid,
            &*reservation.wid,
            reservation.reserved_at.as_micros(),
            reservation.expires_at.as_micros(),
            reservation.has_features.then_some(true),
        );
        self.statements.execute(Sql::ReservationInsert, row)?;
        Ok(())
    }

    fn extend_reservation(&mut self, key: i64, expires_at: SteadyTime) -> Result<(), StoreError> {
        let row = (key, expires_at.as_micros());
        self.statements.execute(Sql::ReservationExtend, row)?;
        Ok(())
    }

    fn delete_reservations(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        self.delete_run(
            (Sql::ReservationDelete, Sql::ReservationsDelete),
            first,
            last,
        )
    }

    fn delete_some_reservations(
        &mut self,
        first: i64,
        last: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.statements
            .execute(Sql::ReservationsDeleteWithin, (first, last, limit))
    }

    fn write_queue(&mut self, id: QueueId, row: &QueueRow) -> Result<(), StoreError> {
        let row = (
            queue_key(id),
            &*row.name,
            row.state as i64,
            row.paused,
            row.size,
            row.position_next,
            row.position_front,
            row.position_head,
        );
        self.statements.execute(Sql::QueueWrite, row)?;
        Ok(())
    }

    fn write_tallies(&mut self, tallies: &Tallies) -> Result<(), StoreError> {
        let counts = tallies.counts;
        let row = (
            TALLIES_KEY,
            tallies.working,
            counts.processed,
            counts.failures,
            tallies.last_serial,
            tallies.generation,
            counts.expired,
            tallies.clocks.map(|clocks| clocks.steady.as_micros()),
            tallies.clocks.map(|clocks| clocks.wall.as_micros()),
        );
        self.statements.execute(Sql::TalliesWrite, row)?;
        Ok(())
    }

    fn add_counts(&mut self, day: i64, counts: Counts) -> Result<(), StoreError> {
        let row = (
            day_key(day),
            counts.processed,
            counts.failures,
            counts.expired,
        );
        self.statements.execute(Sql::CounterAdd, row)?;
        Ok(())
    }

    fn delete_counts(&mut self) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::CountersDelete, (TALLIES_KEY,))?;
        Ok(())
    }
}
