//! Where rows stand in the table of what is live.

use crate::writer::QueueId;

/// The key of the row of tallies in the table of what is live.
///
/// There the reservations have the keys of their jobs, which are not negative. Before them come the rows of queues,
/// before these the tallies, and first the counters of each day: the rows that nearly every commit changes lie side
/// by side. The numbers are also in the views of `schema.rs`.
pub(super) const TALLIES_KEY: i64 = -(1 << 30);
/// What a queue's number is more than the key of its row.
const QUEUE_OFFSET: i64 = 1 << 20;
/// What a day, counted from 1970, is more than the key of its counters.
const DAY_OFFSET: i64 = 1 << 40;

/// The key of the row of a queue.
pub(super) fn queue_key(queue: QueueId) -> i64 {
    i64::from(queue) - QUEUE_OFFSET
}

/// The queue whose row has this key.
pub(super) fn queue_at(key: i64) -> Option<QueueId> {
    QueueId::try_from(key.checked_add(QUEUE_OFFSET)?).ok()
}

/// The key of the counters of a day. Days of years that no clock shows share a row.
pub(super) fn day_key(day: i64) -> i64 {
    day.clamp(-DAY_OFFSET / 2, DAY_OFFSET / 2) - DAY_OFFSET
}

/// The day whose counters have this key.
pub(super) fn day_at(key: i64) -> i64 {
    key.saturating_add(DAY_OFFSET)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::writer::{QUEUE_ID_MAX, keys_of};

    #[test]
    fn rows_of_what_is_live_never_meet() {
        assert!(day_key(i64::MIN) < day_key(0) && day_key(0) < day_key(i64::MAX));
        assert!(day_key(i64::MAX) < TALLIES_KEY);
        assert!(TALLIES_KEY < queue_key(0));
        assert!(queue_key(QUEUE_ID_MAX) < *keys_of(0).start());
    }
}
