//! Reservations, queues, counters and tallies.

use workmill_proto::SteadyTime;

use super::{MemoryRows, check_new};
use crate::writer::{LiveRows, QueueId, QueueRow, Tallies, sum};
use crate::{Counts, Reservation, StoreError};

impl LiveRows for MemoryRows<'_> {
    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError> {
        let (key, row) = (reservation.key.0, reservation.clone());
        self.with(|tables| check_new(tables.reservations.put(key, row)))
    }

    fn extend_reservation(&mut self, key: i64, expires_at: SteadyTime) -> Result<(), StoreError> {
        self.with(|tables| {
            if let Some(row) = tables.reservations.rows().get(&key) {
                let row = Reservation {
                    expires_at,
                    ..row.clone()
                };
                tables.reservations.put(key, row);
            }
        });
        Ok(())
    }

    fn delete_reservations(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        self.delete_some_reservations(first, last, usize::MAX)
    }

    fn delete_some_reservations(
        &mut self,
        first: i64,
        last: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.with(|tables| {
            let keys = tables.reservations.rows().range(first..=last).take(limit);
            let keys: Vec<i64> = keys.map(|(&key, _)| key).collect();
            Ok(tables.reservations.remove_all(&keys))
        })
    }

    fn write_queue(&mut self, id: QueueId, row: &QueueRow) -> Result<(), StoreError> {
        self.with(|tables| tables.queues.put(id, row.clone()));
        Ok(())
    }

    fn write_tallies(&mut self, tallies: &Tallies) -> Result<(), StoreError> {
        self.with(|tables| tables.tallies.put((), *tallies));
        Ok(())
    }

    fn add_counts(&mut self, day: i64, counts: Counts) -> Result<(), StoreError> {
        self.with(|tables| {
            let before = tables.counters.rows().get(&day).copied();
            let counts = sum(before.unwrap_or_default(), counts);
            tables.counters.put(day, counts);
        });
        Ok(())
    }

    fn delete_counts(&mut self) -> Result<(), StoreError> {
        self.with(|tables| {
            let days: Vec<i64> = tables.counters.rows().keys().copied().collect();
            tables.counters.remove_all(&days);
        });
        Ok(())
    }
}
