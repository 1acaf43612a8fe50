//! Throttles: whether a queue may give a job to a worker now, and when to look again if not.
//!
//! A slot belongs to a reservation and is counted from the reservations there are, so that none can leak.

use workmill_proto::SteadyTime;
use workmill_store::{JobKey, StoreError, Tx};

use crate::group::Group;
use crate::op::Fetch;

/// Whether a FETCH may have a job of a throttled queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Allowance {
    /// It may.
    Granted,
    /// Its worker has as many as it may have. Another worker may.
    WorkerFull,
    /// Nobody may.
    QueueFull,
}

impl<T: Tx> Group<'_, T> {
    /// Whether a queue has limits.
    pub(super) fn is_throttled(&self, queue: &str) -> bool {
        !self.rules.throttles.is_empty() && self.rules.throttles.contains_key(queue)
    }

    /// Whether `fetch` may have a job of `queue` now. If not, the queue is looked at again when that may have changed
    /// by the passing of time alone.
    pub(super) fn allowance(
        &mut self,
        queue: &str,
        fetch: &Fetch,
    ) -> Result<Allowance, StoreError> {
        let Some(limits) = self.rules.throttles.get(queue) else {
            return Ok(Allowance::Granted);
        };
        if let Some(rate) = limits.rate {
            let next_at = self.memory.buckets.next_at(queue, rate, self.steady);
            if next_at > self.steady {
                self.memory.rechecks.add(queue, next_at);
                return Ok(Allowance::QueueFull);
            }
        }
        if limits.worker.is_none() && limits.concurrency.is_none() {
            return Ok(Allowance::Granted);
        }
        let since = limits
            .timeout_secs
            .map_or(SteadyTime::MIN, |secs| self.steady.plus_secs(-secs));
        let slots = self.tx.slots(queue, since, &fetch.wid, fetch.connection)?;
        let is_full = |limit: Option<u64>, taken: u64| limit.is_some_and(|limit| taken >= limit);
        let allowance = if is_full(limits.concurrency, slots.taken) {
            Allowance::QueueFull
        } else if is_full(limits.worker, slots.taken_by_holder) {
            Allowance::WorkerFull
        } else {
            return Ok(Allowance::Granted);
        };
        if let (Some(oldest), Some(secs)) = (slots.oldest, limits.timeout_secs) {
            self.memory.rechecks.add(queue, oldest.plus_secs(secs));
        }
        Ok(allowance)
    }

    /// A job of a queue was handed out: takes a token, if it has a rate.
    pub(super) fn spend(&mut self, queue: &str) {
        if let Some(rate) = self.rules.rate_of(queue) {
            self.memory.buckets.take(queue, rate, self.steady);
        }
    }

    /// Jobs could not be delivered: gives their tokens back.
    pub(super) fn refund(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        if self.rules.throttles.is_empty() {
            return Ok(());
        }
        for queue in self.tx.queues_of(keys)? {
            if let Some(rate) = self.rules.rate_of(&queue) {
                self.memory.buckets.refund(&queue, rate, self.steady);
            }
        }
        Ok(())
    }

    /// Reservations are about to end: whoever waits for their slots may have them.
    pub(super) fn free_slots(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        if self.rules.throttles.is_empty() {
            return Ok(());
        }
        for queue in self.tx.queues_of(keys)? {
            if self.is_throttled(&queue) {
                self.make_ready(&queue);
            }
        }
        Ok(())
    }
}
