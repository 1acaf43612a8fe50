//! What the writer keeps in memory besides pages: queues and reservations, with a journal that takes a
//! transaction's changes back.

use std::collections::BTreeSet;
use std::sync::Arc;

use workmill_proto::SteadyTime;

use super::mirror::{Held, Mirror};
use super::place::{QueueId, key_at, queue_of};
use super::queues::{Queue, QueueCopy, QueueState, Queues};
use super::slots::SlotCounts;
use crate::Slots;

/// One step back.
#[derive(Debug)]
enum Undo {
    /// A queue as it was before the transaction; none for one that the transaction made.
    Queue(QueueId, Option<QueueCopy>),
    ReturnedInserted(QueueId, i64),
    ReturnedTaken(QueueId, i64),
    ReturnedCleared(QueueId, BTreeSet<i64>),
    Reserved(i64),
    Ended(i64, Held),
    Extended(i64, SteadyTime),
    Flushed(Box<Mirror>),
}

/// Everything that mirrors rows. All changes go through its methods, which keep the journal.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    queues: Queues,
    mirror: Mirror,
    slots: SlotCounts,
    journal: Vec<Undo>,
    /// Tells the transactions apart.
    transaction: u64,
    /// The queue a sweep goes on with. Lost at a restart, which only costs a second look.
    sweep_from: QueueId,
    sweep_from_before: QueueId,
}

impl Cache {
    pub(super) fn new(queues: Queues, mirror: Mirror) -> Self {
        Self {
            queues,
            mirror,
            slots: SlotCounts::default(),
            journal: Vec::new(),
            transaction: 0,
            sweep_from: 0,
            sweep_from_before: 0,
        }
    }

    pub(crate) fn queues(&self) -> &Queues {
        &self.queues
    }

    pub(crate) fn mirror(&self) -> &Mirror {
        &self.mirror
    }

    /// Starts a transaction.
    pub(super) fn begin(&mut self) {
        self.transaction += 1;
        self.sweep_from_before = self.sweep_from;
    }

    /// Keeps what the transaction changed.
    pub(super) fn keep(&mut self) {
        self.journal.clear();
    }

    /// Undoes what the transaction changed.
    pub(super) fn undo(&mut self) {
        self.sweep_from = self.sweep_from_before;
        if !self.journal.is_empty() {
            // While steps are undone, a number may be another queue's, so it cannot be told whose slots they
            // are. To recount costs a look at each reservation, and transactions hardly ever fail.
            self.slots.clear();
        }
        while let Some(step) = self.journal.pop() {
            match step {
                Undo::Queue(id, copy) => {
                    self.queues.restore(id, copy);
                }
                Undo::ReturnedInserted(id, key) => {
                    self.with_returned(id, |returned| returned.remove(&key));
                }
                Undo::ReturnedTaken(id, key) => {
                    self.with_returned(id, |returned| returned.insert(key));
                }
                Undo::ReturnedCleared(id, before) => {
                    self.with_returned(id, |returned| *returned = before);
                }
                Undo::Reserved(key) => drop(self.mirror.remove(key)),
                Undo::Ended(key, held) => self.mirror.insert(key, held),
                Undo::Extended(key, before) => drop(self.mirror.extend(key, before)),
                Undo::Flushed(before) => self.mirror = *before,
            }
        }
    }

    fn with_returned<R>(&mut self, id: QueueId, change: impl FnOnce(&mut BTreeSet<i64>) -> R) {
        if let Some(queue) = self.queues.get_mut(id) {
            change(&mut queue.returned);
        }
    }

    /// The queues whose row is another than before the transaction.
    pub(super) fn changed_queues(&self) -> impl Iterator<Item = (QueueId, &Queue)> {
        self.journal.iter().filter_map(|step| {
            let Undo::Queue(id, before) = step else {
                return None;
            };
            let queue = self.queues.get(*id)?;
            let same = before
                .as_ref()
                .is_some_and(|before| before.row == queue.now.row);
            (!same).then_some((*id, queue))
        })
    }

    /// A queue to be changed, except for its name and state. None if there is none of this number.
    pub(super) fn touch(&mut self, id: QueueId) -> Option<&mut QueueCopy> {
        let queue = self.queues.get_mut(id)?;
        if queue.touched_in != self.transaction {
            queue.touched_in = self.transaction;
            self.journal.push(Undo::Queue(id, Some(queue.now.clone())));
        }
        Some(&mut queue.now)
    }

    /// The next queue of a sweep; none once it has been at all of them.
    pub(super) fn next_unswept(&self) -> Option<QueueId> {
        self.queues
            .unswept()
            .range(self.sweep_from..)
            .next()
            .copied()
    }

    /// Lets sweeping go on with the first queue that has this number or a larger one.
    pub(super) fn sweep_from(&mut self, id: QueueId) {
        self.sweep_from = id;
    }

    /// Gives a queue another state and none of its old jobs to hand out.
    pub(super) fn retire(&mut self, id: QueueId, state: QueueState) {
        let Some(mut copy) = self.touch(id).map(|now| now.clone()) else {
            return;
        };
        if state != QueueState::Free {
            self.sweep_from = self.sweep_from.min(id);
        }
        copy.row.state = state;
        copy.row.paused = false;
        copy.row.size = 0;
        copy.swept_until = key_at(id, 0);
        self.queues.restore(id, Some(copy));
        if let Some(queue) = self.queues.get_mut(id) {
            let before = std::mem::take(&mut queue.returned);
            if !before.is_empty() {
                self.journal.push(Undo::ReturnedCleared(id, before));
            }
        }
    }

    /// The queue of this name, made if need be; an error text if there is no room for another.
    pub(super) fn find_or_make(&mut self, name: &str) -> Result<QueueId, String> {
        if let Some(id) = self.queues.find(name) {
            return Ok(id);
        }
        let (id, copy) = self.queues.plan(name)?;
        if self.touch(id).is_none() {
            self.journal.push(Undo::Queue(id, None));
        }
        self.queues.restore(id, Some(copy));
        if let Some(queue) = self.queues.get_mut(id) {
            queue.touched_in = self.transaction;
        }
        Ok(id)
    }

    /// Lets a job before the head wait again.
    pub(super) fn give_back(&mut self, id: QueueId, key: i64) {
        if let Some(now) = self.touch(id) {
            now.row.size += 1;
        }
        self.with_returned(id, |returned| returned.insert(key));
        self.note_head(id);
        self.journal.push(Undo::ReturnedInserted(id, key));
    }

    /// Takes the first of the jobs before the head.
    pub(super) fn take_returned(&mut self, id: QueueId) -> Option<i64> {
        let key = self.queues.get_mut(id)?.returned.pop_first()?;
        self.journal.push(Undo::ReturnedTaken(id, key));
        Some(key)
    }

    /// So many jobs of a queue that waited were claimed.
    pub(super) fn note_claimed(&mut self, id: QueueId, count: usize) {
        if let Some(now) = self.touch(id) {
            now.row.size = now.row.size.saturating_sub(count as u64);
        }
        self.note_head(id);
    }

    /// Whether a job that is there under this key waits, as far as the memory tells.
    pub(super) fn may_wait(&self, key: i64) -> bool {
        let Some(queue) = queue_of(key).and_then(|id| self.queues.get(id)) else {
            return false;
        };
        queue.now.row.state == QueueState::Live
            && (key >= queue.now.head || queue.returned.contains(&key))
    }

    /// So many jobs of a queue that waited are no more, those under these keys.
    pub(super) fn forget_waiting(&mut self, id: QueueId, keys: &[i64], count: usize) {
        if let Some(queue) = self.touch(id) {
            queue.row.size = queue.row.size.saturating_sub(count as u64);
        }
        for &key in keys {
            let queue = self.queues.get_mut(id);
            if queue.is_some_and(|queue| queue.returned.remove(&key)) {
                self.journal.push(Undo::ReturnedTaken(id, key));
            }
        }
        self.note_head(id);
    }

    /// Notes in the row of a queue that was touched where its head is now.
    fn note_head(&mut self, id: QueueId) {
        if let Some(queue) = self.queues.get_mut(id) {
            queue.note_head();
        }
    }

    pub(crate) fn reserve(&mut self, key: i64, held: Held) {
        if !self.slots.is_empty()
            && let Some(queue) = self.queue_name(key)
        {
            self.slots.add(&queue, key, &held);
        }
        self.mirror.insert(key, held);
        self.journal.push(Undo::Reserved(key));
    }

    /// The name that the queue of a key has or had.
    fn queue_name(&self, key: i64) -> Option<Arc<str>> {
        let queue = self.queues.get(queue_of(key)?)?;
        Some(Arc::clone(&queue.now.row.name))
    }

    /// The name that the queue of a reserved job has or had.
    pub(super) fn queue_of_reserved(&self, key: i64) -> Option<Arc<str>> {
        self.mirror.contains(key).then(|| self.queue_name(key))?
    }

    /// The slots of a queue, see [`crate::Tx::slots`].
    pub(super) fn slots(
        &mut self,
        queue: &str,
        since: SteadyTime,
        wid: &str,
        connection: u64,
    ) -> Slots {
        if self.slots.lacks(queue, since) {
            let name: Arc<str> = queue.into();
            self.slots.start(&name, since);
            for (key, held) in self.mirror.iter() {
                let of_queue = queue_of(key).and_then(|id| self.queues.get(id));
                if of_queue.is_some_and(|of_queue| of_queue.now.row.name == name) {
                    self.slots.add(queue, key, held);
                }
            }
        }
        let holder = (self.mirror.worker_id(wid), connection);
        self.slots.slots(queue, since, &holder)
    }

    /// Ends a reservation; tells when it had begun. None if there is none.
    pub(super) fn end(&mut self, key: i64) -> Option<SteadyTime> {
        let held = self.mirror.remove(key)?;
        let reserved_at = held.reserved_at;
        if !self.slots.is_empty()
            && let Some(queue) = self.queue_name(key)
        {
            self.slots.remove(&queue, key, reserved_at);
        }
        self.journal.push(Undo::Ended(key, held));
        Some(reserved_at)
    }

    /// Moves the end of a reservation; tells whether there is one.
    pub(super) fn extend(&mut self, key: i64, expires_at: SteadyTime) -> bool {
        match self.mirror.extend(key, expires_at) {
            Some(before) => {
                self.journal.push(Undo::Extended(key, before));
                true
            }
            None => false,
        }
    }

    /// Marks every queue as flushed and forgets every reservation.
    pub(super) fn flush(&mut self) {
        let live = self.queues.live().map(|(id, _)| id);
        let removed = self.queues.unswept().iter().copied();
        let ids: Vec<QueueId> = live.chain(removed).collect();
        for id in ids {
            self.retire(id, QueueState::Flushed);
        }
        let before = std::mem::take(&mut self.mirror);
        self.slots.clear();
        self.journal.push(Undo::Flushed(Box::new(before)));
    }
}
