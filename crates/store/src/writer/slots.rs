//! How many jobs of a queue are being worked on, for the queues somebody asks about.
//!
//! It is counted from the reservations in memory at the first question and kept up from then on, so that queues
//! nobody asks about cost nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use workmill_proto::SteadyTime;

use super::mirror::Held;
use crate::Slots;

/// Whoever holds a reservation: a worker, or a connection that named none.
type Holder = (Arc<str>, u64);

/// The reservations of one queue that began after `since`.
#[derive(Debug)]
struct QueueSlots {
    since: SteadyTime,
    by_start: BTreeSet<(SteadyTime, i64)>,
    holders: BTreeMap<i64, Holder>,
    by_holder: BTreeMap<Holder, u64>,
}

/// The slots of all queues that were asked about, by name.
#[derive(Debug, Default)]
pub(super) struct SlotCounts {
    queues: BTreeMap<Arc<str>, QueueSlots>,
}

impl SlotCounts {
    /// Whether no queue was asked about: then nothing has to be noted.
    pub(super) fn is_empty(&self) -> bool {
        self.queues.is_empty()
    }

    /// Forgets everything, to be recounted.
    pub(super) fn clear(&mut self) {
        self.queues.clear();
    }

    /// Whether the slots of a queue must be counted before they can be told.
    pub(super) fn lacks(&self, queue: &str, since: SteadyTime) -> bool {
        // What began before was let go.
        self.queues
            .get(queue)
            .is_none_or(|slots| since < slots.since)
    }

    /// Begins to count for a queue.
    pub(super) fn start(&mut self, queue: &Arc<str>, since: SteadyTime) {
        let slots = QueueSlots {
            since,
            by_start: BTreeSet::new(),
            holders: BTreeMap::new(),
            by_holder: BTreeMap::new(),
        };
        self.queues.insert(Arc::clone(queue), slots);
    }

    /// Notes a reservation that begins.
    pub(super) fn add(&mut self, queue: &str, key: i64, held: &Held) {
        if let Some(slots) = self.queues.get_mut(queue) {
            slots.add(key, held);
        }
    }

    /// Notes a reservation that ends.
    pub(super) fn remove(&mut self, queue: &str, key: i64, reserved_at: SteadyTime) {
        if let Some(slots) = self.queues.get_mut(queue) {
            slots.remove(reserved_at, key);
        }
    }

    /// The slots of a queue that is counted.
    pub(super) fn slots(&mut self, queue: &str, since: SteadyTime, holder: &Holder) -> Slots {
        let Some(slots) = self.queues.get_mut(queue) else {
            return Slots::default();
        };
        slots.let_go(since);
        Slots {
            taken: slots.by_start.len() as u64,
            taken_by_holder: slots.by_holder.get(holder).copied().unwrap_or(0),
            oldest: slots.by_start.first().map(|&(start, _)| start),
        }
    }
}

impl QueueSlots {
    fn add(&mut self, key: i64, held: &Held) {
        if held.reserved_at <= self.since || !self.by_start.insert((held.reserved_at, key)) {
            return;
        }
        let holder = (Arc::clone(&held.wid), held.connection);
        *self.by_holder.entry(holder.clone()).or_insert(0) += 1;
        self.holders.insert(key, holder);
    }

    fn remove(&mut self, reserved_at: SteadyTime, key: i64) {
        if !self.by_start.remove(&(reserved_at, key)) {
            return;
        }
        let Some(holder) = self.holders.remove(&key) else {
            return;
        };
        if let Some(count) = self.by_holder.get_mut(&holder) {
            *count -= 1;
            if *count == 0 {
                self.by_holder.remove(&holder);
            }
        }
    }

    /// Lets go of what began at or before `since`.
    fn let_go(&mut self, since: SteadyTime) {
        while let Some(&(start, key)) = self.by_start.first()
            && start <= since
        {
            self.remove(start, key);
        }
        self.since = self.since.max(since);
    }
}
