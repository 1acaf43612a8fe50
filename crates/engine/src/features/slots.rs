//! Slots and tokens of throttled queues: whether a queue may give a job to a worker now, and when to check again if not.
//!
//! A slot belongs to a reservation and is counted from the reservations there are, so that none can leak.

use workmill_proto::SteadyTime;
use workmill_store::{JobKey, StoreError, Tx};

use crate::context::Rules;
use crate::op::Fetch;
use crate::rechecks::Rechecks;
use crate::throttle::Buckets;

/// Whether a FETCH may have a job of a throttled queue.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Allowance {
    /// It may.
    Granted,
    /// Its worker has as many as it may have. Another worker may.
    WorkerFull,
    /// Nobody may.
    QueueFull,
}

/// The tokens there are. Kept between groups, undone with one.
#[derive(Debug, Default)]
pub(crate) struct Slots(Buckets);

impl Slots {
    /// Whether `fetch` may have a job of `queue` now. If not, the queue is checked again when that may have changed by the
    /// passing of time alone.
    pub(crate) fn allowance<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        rules: &Rules,
        rechecks: &mut Rechecks,
        (queue, fetch): (&str, &Fetch),
    ) -> Result<Allowance, StoreError> {
        let Some(limits) = rules.throttles.get(queue) else {
            return Ok(Allowance::Granted);
        };
        if let Some(rate) = limits.rate {
            let next_at = self.0.next_at(queue, rate, now);
            if next_at > now {
                rechecks.add(queue, next_at);
                return Ok(Allowance::QueueFull);
            }
        }
        if limits.worker.is_none() && limits.concurrency.is_none() {
            return Ok(Allowance::Granted);
        }
        let since = limits
            .timeout_secs
            .map_or(SteadyTime::MIN, |secs| now.plus_secs(-secs));
        let slots = tx.slots(queue, since, &fetch.wid, fetch.connection)?;
        let is_full = |limit: Option<u64>, taken: u64| limit.is_some_and(|limit| taken >= limit);
        let allowance = if is_full(limits.concurrency, slots.taken) {
            Allowance::QueueFull
        } else if is_full(limits.worker, slots.taken_by_holder) {
            Allowance::WorkerFull
        } else {
            return Ok(Allowance::Granted);
        };
        if let (Some(oldest), Some(secs)) = (slots.oldest, limits.timeout_secs) {
            rechecks.add(queue, oldest.plus_secs(secs));
        }
        Ok(allowance)
    }

    /// A job of a queue is handed out: takes a token, if it has a rate.
    pub(crate) fn spend(&mut self, now: SteadyTime, rules: &Rules, queue: &str) {
        if let Some(rate) = rules.rate_of(queue) {
            self.0.take(queue, rate, now);
        }
    }

    /// Jobs could not be delivered: gives their tokens back.
    pub(crate) fn refund<T: Tx>(
        &mut self,
        tx: &mut T,
        now: SteadyTime,
        rules: &Rules,
        keys: &[JobKey],
    ) -> Result<(), StoreError> {
        if rules.throttles.is_empty() {
            return Ok(());
        }
        for queue in tx.queues_of(keys)? {
            if let Some(rate) = rules.rate_of(&queue) {
                self.0.refund(&queue, rate, now);
            }
        }
        Ok(())
    }

    /// Reservations are about to end: the queues whose slots they had.
    pub(crate) fn freed<T: Tx>(
        &self,
        tx: &mut T,
        rules: &Rules,
        keys: &[JobKey],
    ) -> Result<Vec<String>, StoreError> {
        if rules.throttles.is_empty() {
            return Ok(Vec::new());
        }
        let mut queues = tx.queues_of(keys)?;
        queues.retain(|queue| rules.throttles.contains_key(queue));
        Ok(queues)
    }

    /// A queue has other limits now: a bucket that is new begins empty and fills from now on; one that was there is kept.
    pub(crate) fn follow(&mut self, now: SteadyTime, rules: &Rules, queue: &str) {
        match rules.rate_of(queue) {
            Some(rate) => self.0.fill_from(queue, rate, now),
            None => self.0.forget(queue),
        }
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.0.commit();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.0.roll_back();
    }
}
