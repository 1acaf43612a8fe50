//! Locks and limits, as somebody sees them who looks at the store.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{Lock, LockKey, Store, Tx};

use super::program::THROTTLES;
use super::sight::{Place, Sight};

#[derive(Debug, Default)]
pub struct Meter {
    keys: BTreeSet<LockKey>,
    acked: BTreeSet<String>,
    /// How many jobs of a queue were handed out since the start of the server.
    handed_out: BTreeMap<String, u64>,
    started_at: Option<Timestamp>,
}

impl Meter {
    pub fn acked(&mut self, jid: &str) {
        self.acked.insert(jid.to_owned());
    }

    /// Looks at the store after a group.
    pub fn look<S: Store>(
        &mut self,
        store: &mut S,
        before: &Sight,
        sight: &Sight,
        now: Timestamp,
        started_at: Timestamp,
    ) -> Result<(), String> {
        self.keys
            .extend(sight.values().filter_map(|seen| seen.lock));
        for jid in std::mem::take(&mut self.acked) {
            if let Some(key) = before.get(&jid).and_then(|seen| seen.lock)
                && holds(store, key, &jid)?
            {
                return Err(format!("{jid} was acknowledged and still has its lock"));
            }
        }
        self.count(before, sight, started_at);
        check_slots(sight)?;
        self.check_rates(now.since(started_at))
    }

    fn count(&mut self, before: &Sight, sight: &Sight, started_at: Timestamp) {
        if self.started_at.replace(started_at) != Some(started_at) {
            self.handed_out.clear();
            return;
        }
        for (jid, seen) in sight {
            let worker = |seen: &super::sight::Seen| matches!(seen.place, Place::Working { .. });
            if worker(seen) && !before.get(jid).is_some_and(worker) {
                *self.handed_out.entry(seen.queue.clone()).or_default() += 1;
            }
        }
    }

    fn check_rates(&self, since_start: Duration) -> Result<(), String> {
        for (queue, limits) in THROTTLES {
            let Some(rate) = limits.rate else { continue };
            // It starts empty.
            let most = since_start.as_millis() / u128::from(rate.interval_millis);
            let handed_out = self.handed_out.get(*queue).copied().unwrap_or(0);
            if u128::from(handed_out) > most {
                return Err(format!("{handed_out} of {queue} within {since_start:?}"));
            }
        }
        Ok(())
    }

    /// In the end all slots and locks are free.
    pub fn nothing_is_held<S: Store>(&self, store: &mut S) -> Result<(), String> {
        let mut tx = store.begin().map_err(|error| error.to_string())?;
        let clocks = tx.clocks().map_err(|error| error.to_string())?;
        let now = clocks.ok_or("the clocks were never kept")?.steady;
        for (queue, _) in THROTTLES {
            let slots = tx
                .slots(queue, SteadyTime::MIN, "w1", 0)
                .map_err(|e| e.to_string())?;
            if slots.taken > 0 {
                return Err(format!("slots of {queue} have leaked: {slots:?}"));
            }
        }
        for &key in &self.keys {
            let held = tx.get::<Lock>(&[key]).map_err(|e| e.to_string())?;
            if held.iter().flatten().any(|lock| lock.ends_at > now) {
                return Err(format!("the lock {:?} has outlived its end", &key[..4]));
            }
        }
        Ok(())
    }
}

fn check_slots(sight: &Sight) -> Result<(), String> {
    for (queue, limits) in THROTTLES {
        let mut by_worker: BTreeMap<&str, u64> = BTreeMap::new();
        for seen in sight.values().filter(|seen| seen.queue == *queue) {
            if let Place::Working { wid } = &seen.place {
                *by_worker.entry(wid).or_default() += 1;
            }
        }
        let all: u64 = by_worker.values().sum();
        let most = by_worker.values().copied().max().unwrap_or(0);
        let exceeds = |limit: Option<u64>, taken: u64| limit.is_some_and(|limit| taken > limit);
        if exceeds(limits.concurrency, all) || exceeds(limits.worker, most) {
            return Err(format!("too many of {queue} are running: {by_worker:?}"));
        }
    }
    Ok(())
}

/// Whether a lock belongs to a job.
fn holds<S: Store>(store: &mut S, key: LockKey, jid: &str) -> Result<bool, String> {
    let mut tx = store.begin().map_err(|error| error.to_string())?;
    let locks = tx.get::<Lock>(&[key]).map_err(|error| error.to_string())?;
    Ok(locks.iter().flatten().any(|lock| &*lock.owner.jid == jid))
}
