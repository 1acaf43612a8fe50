//! What a store should do, as plainly as it can be said: maps and vectors, copied for a rollback.

mod features;

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::{SetName, SteadyTime};

use self::features::Features;
use crate::{Counts, JobKey, JobRecord, QueueTotals, Release, Reservation, SetTime, Slots, Totals};

/// A job, with its key once that has been seen.
#[derive(Clone, Debug)]
pub(super) struct ModelJob {
    pub(super) key: Option<JobKey>,
    pub(super) record: JobRecord,
}

/// A queue from its making to its removal.
#[derive(Clone, Debug, Default)]
pub(super) struct ModelQueue {
    life: u64,
    pub(super) paused: bool,
    pub(super) waiting: BTreeMap<i64, ModelJob>,
    place_next: i64,
    place_front: i64,
}

#[derive(Clone, Debug)]
struct ModelHeld {
    reservation: Reservation,
    job: ModelJob,
    life: u64,
    place: i64,
}

/// The state of a store.
#[derive(Clone, Debug, Default)]
pub(super) struct Model {
    pub(super) queues: BTreeMap<String, ModelQueue>,
    held: BTreeMap<JobKey, ModelHeld>,
    /// By time, then by arrival.
    pub(super) sets: BTreeMap<SetName, BTreeMap<(SetTime, u64), JobRecord>>,
    pub(super) counts: Counts,
    pub(super) days: BTreeMap<i64, Counts>,
    pub(super) features: Features,
    keys_seen: BTreeSet<JobKey>,
    arrivals: u64,
    lives: u64,
}

impl Model {
    pub(super) fn queue(&mut self, name: &str) -> &mut ModelQueue {
        self.queues.entry(name.to_owned()).or_insert_with(|| {
            self.lives += 1;
            ModelQueue {
                life: self.lives,
                ..ModelQueue::default()
            }
        })
    }

    pub(super) fn enqueue(&mut self, record: JobRecord) {
        let queue = self.queue(&record.queue.clone());
        queue
            .waiting
            .insert(queue.place_next, ModelJob { key: None, record });
        queue.place_next += 1;
    }

    /// Takes what a claim should bring; `keys` are those it brought.
    pub(super) fn claim(
        &mut self,
        name: &str,
        limit: usize,
        keys: &[JobKey],
    ) -> Vec<(i64, ModelJob)> {
        let Some(queue) = self.queues.get_mut(name).filter(|queue| !queue.paused) else {
            return Vec::new();
        };
        let mut claimed = Vec::new();
        while claimed.len() < limit
            && let Some((place, mut job)) = queue.waiting.pop_first()
        {
            if let Some(&key) = keys.get(claimed.len()) {
                match job.key {
                    Some(known) => assert_eq!(key, known, "a job has got another key"),
                    None => assert!(self.keys_seen.insert(key), "a key was used twice"),
                }
                job.key = Some(key);
            }
            claimed.push((place, job));
        }
        claimed
    }

    pub(super) fn reserve(&mut self, place: i64, job: ModelJob, reservation: Reservation) {
        let life = self.queues[&*job.record.queue].life;
        let held = ModelHeld {
            reservation,
            job,
            life,
            place,
        };
        self.held.insert(held.reservation.key, held);
    }

    pub(super) fn finish(&mut self, key: JobKey) {
        self.held.remove(&key);
        for queue in self.queues.values_mut() {
            queue.waiting.retain(|_, job| job.key != Some(key));
        }
    }

    pub(super) fn extend(&mut self, key: JobKey, expires_at: SteadyTime) {
        if let Some(held) = self.held.get_mut(&key) {
            held.reservation.expires_at = expires_at;
        }
    }

    pub(super) fn release(&mut self, releases: &[Release]) {
        let mut displaced = Vec::new();
        for release in releases {
            let Some(mut held) = self.held.remove(&release.key) else {
                continue;
            };
            if let Some(record) = &release.record {
                held.job.record = record.clone();
            }
            match self.queues.get_mut(&*held.job.record.queue) {
                Some(queue) if queue.life == held.life => {
                    queue.waiting.insert(held.place, held.job);
                }
                _ => displaced.push(held),
            }
        }
        displaced.sort_by_key(|held| (held.reservation.reserved_at, held.reservation.key));
        for mut held in displaced.into_iter().rev() {
            held.job.key = None;
            let queue = self.queue(&held.job.record.queue.clone());
            queue.place_front -= 1;
            queue.waiting.insert(queue.place_front, held.job);
        }
    }

    pub(super) fn insert(&mut self, set: SetName, at: SetTime, record: JobRecord) {
        self.arrivals += 1;
        self.sets
            .entry(set)
            .or_default()
            .insert((at, self.arrivals), record);
    }

    pub(super) fn entries(&self, set: SetName) -> Vec<(SetTime, u64)> {
        self.sets
            .get(&set)
            .into_iter()
            .flat_map(BTreeMap::keys)
            .copied()
            .collect()
    }

    pub(super) fn count(&mut self, day: i64, counts: Counts) {
        for total in [&mut self.counts, self.days.entry(day).or_default()] {
            total.processed += counts.processed;
            total.failures += counts.failures;
            total.expired += counts.expired;
        }
    }

    pub(super) fn flush(&mut self) {
        self.features.flush();
        *self = Self {
            features: std::mem::take(&mut self.features),
            keys_seen: std::mem::take(&mut self.keys_seen),
            arrivals: self.arrivals,
            lives: self.lives,
            ..Self::default()
        };
    }

    /// The reservations that are wanted, oldest first.
    pub(super) fn reservations(&self, wanted: impl Fn(&Reservation) -> bool) -> Vec<Reservation> {
        let all = self.held.values().map(|held| &held.reservation);
        let mut found: Vec<_> = all.filter(|found| wanted(found)).cloned().collect();
        found.sort_by_key(|found| (found.reserved_at, found.key));
        found
    }

    /// The slots of a queue, see [`crate::Tx::slots`].
    pub(super) fn slots(
        &self,
        queue: &str,
        since: SteadyTime,
        wid: &str,
        connection: u64,
    ) -> Slots {
        let all = self.held.values();
        let of_queue = all.filter(|held| &*held.job.record.queue == queue);
        let taken: Vec<&Reservation> = of_queue
            .map(|held| &held.reservation)
            .filter(|held| held.reserved_at > since)
            .collect();
        let of_holder = taken
            .iter()
            .filter(|held| &*held.wid == wid && held.connection == connection);
        Slots {
            taken: taken.len() as u64,
            taken_by_holder: of_holder.count() as u64,
            oldest: taken.iter().map(|held| held.reserved_at).min(),
        }
    }

    /// What a reopening does.
    pub(super) fn forget_connections(&mut self) {
        for held in self.held.values_mut() {
            held.reservation.connection = 0;
        }
    }

    pub(super) fn working(&self, key: JobKey) -> Option<&JobRecord> {
        self.held.get(&key).map(|held| &held.job.record)
    }

    /// Keys to try: those of jobs that are or once were handed out.
    pub(super) fn keys(&self) -> Vec<JobKey> {
        self.keys_seen.iter().copied().collect()
    }

    pub(super) fn totals(&self) -> Totals {
        let size = |set| {
            self.sets
                .get(&set)
                .map_or(0, |entries| entries.len() as u64)
        };
        let queues = self.queues.iter().map(|(name, queue)| {
            let size = queue.waiting.len() as u64;
            (
                name.clone(),
                QueueTotals {
                    size,
                    paused: queue.paused,
                },
            )
        });
        Totals {
            queues: queues.collect(),
            scheduled: size(SetName::Scheduled),
            retries: size(SetName::Retries),
            dead: size(SetName::Dead),
            completed: size(SetName::Completed),
            working: self.held.len() as u64,
            counts: self.counts,
        }
    }
}
