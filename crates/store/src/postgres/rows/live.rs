//! Reservations, queues, counters and tallies.

use workmill_proto::SteadyTime;

use super::super::live::{
    Day, TALLIES, day_id, day_range, decode, encode, encode_queue, encode_tallies, queue_id,
};
use super::super::sql::Sql;
use super::{PostgresRows, Tables};
use crate::writer::{LiveRows, QueueId, QueueRow, Tallies};
use crate::{Counts, Reservation, StoreError};

impl LiveRows for PostgresRows<'_> {
    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        self.reservations.insert(reservation);
        Ok(())
    }

    fn extend_reservation(&mut self, key: i64, expires_at: SteadyTime) -> Result<(), StoreError> {
        self.reservations.extend(key, expires_at);
        Ok(())
    }

    fn delete_reservations(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        let keys = first..=last;
        keys.clone().for_each(|key| self.reservations.delete(key));
        Ok(keys.count())
    }

    fn delete_some_reservations(
        &mut self,
        first: i64,
        last: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        let values = vec![first.into(), last.into(), limit.into()];
        let deleted = self.ask(Tables::RESERVATIONS, Sql::ReservationsDeleteWithin, values)?;
        Ok(usize::try_from(deleted.changed).unwrap_or(usize::MAX))
    }

    fn write_queue(&mut self, id: QueueId, row: &QueueRow) -> Result<(), StoreError> {
        self.live_changes.put(queue_id(id), encode_queue(row));
        Ok(())
    }

    fn write_tallies(&mut self, tallies: &Tallies) -> Result<(), StoreError> {
        self.live_changes.put(TALLIES, encode_tallies(tallies));
        Ok(())
    }

    fn add_counts(&mut self, day: i64, counts: Counts) -> Result<(), StoreError> {
        let id = day_id(day);
        let before = self.live_changes.get(self.live, id);
        let (processed, failures, expired): Day = before.and_then(decode).unwrap_or_default();
        let now: Day = (
            processed.saturating_add(counts.processed),
            failures.saturating_add(counts.failures),
            expired.saturating_add(counts.expired),
        );
        self.live_changes.put(id, encode(&now));
        Ok(())
    }

    fn delete_counts(&mut self) -> Result<(), StoreError> {
        for id in self.live_changes.ids(self.live, day_range()) {
            self.live_changes.remove(id);
        }
        Ok(())
    }
}
