//! Rows that nearly every transaction changes.

use workmill_proto::SteadyTime;

use crate::writer::{QueueId, QueueRow, Tallies};
use crate::{Counts, Reservation, StoreError};

/// What nearly every transaction changes: reservations, queues, counters and tallies.
pub trait LiveRows {
    /// Inserts a reservation.
    fn insert_reservation(&mut self, reservation: &Reservation) -> Result<(), StoreError>;

    /// Moves the end of a reservation.
    fn extend_reservation(&mut self, key: i64, expires_at: SteadyTime) -> Result<(), StoreError>;

    /// Deletes the reservations from a first key to a last one; tells how many there were. The writer knows all of them: a
    /// backend may take it that none is missing.
    fn delete_reservations(&mut self, first: i64, last: i64) -> Result<usize, StoreError>;

    /// Deletes up to `limit` of them, the first ones; tells how many.
    fn delete_some_reservations(
        &mut self,
        first: i64,
        last: i64,
        limit: usize,
    ) -> Result<usize, StoreError>;

    /// Writes the row of a queue, new or not.
    fn write_queue(&mut self, id: QueueId, row: &QueueRow) -> Result<(), StoreError>;

    /// Writes what of the tallies belongs to no set.
    fn write_tallies(&mut self, tallies: &Tallies) -> Result<(), StoreError>;

    /// Adds to the counters of a UTC day (days since 1970-01-01).
    fn add_counts(&mut self, day: i64, counts: Counts) -> Result<(), StoreError>;

    /// Forgets the counters of all days.
    fn delete_counts(&mut self) -> Result<(), StoreError>;
}
