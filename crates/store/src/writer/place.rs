//! Where a job stands: the number of its queue in the high bits of its key, its position in the low bits.
//!
//! One B-tree then holds every queue, each as one run of keys that grows at its end. A position is given
//! once in the life of a database, so no key is ever reused.

use std::ops::RangeInclusive;

/// The number of a queue in the database. Its name may come and go, and then come back with another number.
pub type QueueId = u32;

/// Bits of a key that hold the position: 35 million million jobs a queue, 11 years of 100,000 a second.
const POSITION_BITS: u32 = 45;
/// The last number a queue can have: what is left of the 63 bits of a key that is not negative.
pub(crate) const QUEUE_ID_MAX: QueueId = (1 << (63 - POSITION_BITS)) - 1;
/// The last position in a queue.
pub(crate) const POSITION_MAX: i64 = (1 << POSITION_BITS) - 1;
/// Where a new queue starts. Below it is room for 69 thousand million jobs that are put in front.
pub(crate) const POSITION_FIRST: i64 = 1 << 36;

/// The key of a position in a queue.
pub(crate) fn key_at(queue: QueueId, position: i64) -> i64 {
    (i64::from(queue) << POSITION_BITS) | position
}

/// The queue a key belongs to; none for a number that is no key.
pub(crate) fn queue_of(key: i64) -> Option<QueueId> {
    QueueId::try_from(key >> POSITION_BITS).ok()
}

/// The position that a key stands for.
pub(crate) fn position_of(key: i64) -> i64 {
    key & POSITION_MAX
}

/// All keys of a queue.
pub(crate) fn keys_of(queue: QueueId) -> RangeInclusive<i64> {
    key_at(queue, 0)..=key_at(queue, POSITION_MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_of_different_queues_never_overlap() {
        for queue in [0, 1, 2, QUEUE_ID_MAX - 1, QUEUE_ID_MAX] {
            let keys = keys_of(queue);
            assert_eq!(queue_of(*keys.start()), Some(queue));
            assert_eq!(queue_of(*keys.end()), Some(queue));
            assert_eq!(position_of(key_at(queue, 7)), 7);
            assert!(*keys.start() >= 0 && keys.start() < keys.end());
        }
        assert!(keys_of(1).end() < keys_of(2).start());
    }

    #[test]
    fn a_negative_number_is_no_key() {
        assert_eq!(queue_of(-1), None);
    }
}
