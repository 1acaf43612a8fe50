//! The reservations in memory, found by key, job id, worker and end.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{BuildHasher, RandomState};
use std::ops::RangeInclusive;
use std::sync::Arc;

use hashbrown::HashTable;
use workmill_proto::SteadyTime;

use crate::{JobKey, Reservation, ReservationsOf};

/// A reservation without its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Held {
    pub(crate) jid: Box<str>,
    pub(crate) wid: Arc<str>,
    pub(crate) reserved_at: SteadyTime,
    pub(crate) expires_at: SteadyTime,
    pub(crate) has_features: bool,
    pub(crate) connection: u64,
    pub(crate) series: u64,
}

impl Held {
    fn under(&self, key: i64) -> Reservation {
        Reservation {
            key: JobKey(key),
            jid: self.jid.clone(),
            wid: (&*self.wid).into(),
            reserved_at: self.reserved_at,
            expires_at: self.expires_at,
            has_features: self.has_features,
            connection: self.connection,
            series: self.series,
        }
    }
}

/// All reservations. Its size follows the jobs being worked on, not the backlog.
#[derive(Debug, Default)]
pub(crate) struct Mirror {
    by_key: BTreeMap<i64, Held>,
    /// Keys only: the ids are compared in `by_key`. Several jobs may have the same id.
    by_jid: HashTable<i64>,
    /// Keyed at random, so that nobody can choose ids that collide.
    hasher: RandomState,
    by_end: BTreeSet<(SteadyTime, i64)>,
    by_worker: BTreeMap<Arc<str>, BTreeSet<(SteadyTime, i64)>>,
    /// How many each connection holds that named no worker.
    nameless: BTreeMap<u64, usize>,
}

impl Mirror {
    pub(super) fn len(&self) -> usize {
        self.by_key.len()
    }

    pub(super) fn get(&self, key: i64) -> Option<&Held> {
        self.by_key.get(&key)
    }

    pub(crate) fn contains(&self, key: i64) -> bool {
        self.by_key.contains_key(&key)
    }

    /// All of them, in the order of their keys.
    pub(super) fn iter(&self) -> impl Iterator<Item = (i64, &Held)> {
        self.by_key.iter().map(|(&key, held)| (key, held))
    }

    /// Those from a key on, in the order of their keys.
    pub(super) fn from(&self, first: i64) -> impl Iterator<Item = (i64, &Held)> {
        self.by_key.range(first..).map(|(&key, held)| (key, held))
    }

    /// How many a worker holds or, without a `wid`, a connection.
    pub(super) fn count_of(&self, wid: &str, connection: u64) -> usize {
        match wid {
            "" => self.nameless.get(&connection).copied().unwrap_or(0),
            wid => self.by_worker.get(wid).map_or(0, BTreeSet::len),
        }
    }

    /// The largest reserved key within a range.
    pub(super) fn last_within(&self, keys: RangeInclusive<i64>) -> Option<i64> {
        self.by_key.range(keys).next_back().map(|(&key, _)| key)
    }

    /// The one copy of a worker's id that its reservations share.
    pub(super) fn worker_id(&self, wid: &str) -> Arc<str> {
        match self.by_worker.get_key_value(wid) {
            Some((shared, _)) => Arc::clone(shared),
            None => wid.into(),
        }
    }

    pub(super) fn insert(&mut self, key: i64, held: Held) {
        let hash = self.hasher.hash_one(&*held.jid);
        self.by_end.insert((held.expires_at, key));
        self.by_worker
            .entry(Arc::clone(&held.wid))
            .or_default()
            .insert((held.reserved_at, key));
        if held.wid.is_empty() {
            *self.nameless.entry(held.connection).or_default() += 1;
        }
        self.by_key.insert(key, held);
        let Self {
            by_key,
            by_jid,
            hasher,
            ..
        } = self;
        by_jid.insert_unique(hash, key, |key| {
            hasher.hash_one(by_key.get(key).map_or("", |held| &held.jid))
        });
    }

    pub(super) fn remove(&mut self, key: i64) -> Option<Held> {
        let held = self.by_key.remove(&key)?;
        let hash = self.hasher.hash_one(&*held.jid);
        if let Ok(place) = self.by_jid.find_entry(hash, |&other| other == key) {
            place.remove();
        }
        self.by_end.remove(&(held.expires_at, key));
        if held.wid.is_empty()
            && let Entry::Occupied(mut count) = self.nameless.entry(held.connection)
        {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        if let Some(of_worker) = self.by_worker.get_mut(&held.wid) {
            of_worker.remove(&(held.reserved_at, key));
            if of_worker.is_empty() {
                self.by_worker.remove(&held.wid);
            }
        }
        Some(held)
    }

    /// Moves the end of a reservation; tells where it was. None if there is no such reservation.
    pub(super) fn extend(&mut self, key: i64, expires_at: SteadyTime) -> Option<SteadyTime> {
        let held = self.by_key.get_mut(&key)?;
        let before = std::mem::replace(&mut held.expires_at, expires_at);
        self.by_end.remove(&(before, key));
        self.by_end.insert((expires_at, key));
        Some(before)
    }

    /// When the latest of them began.
    pub(super) fn latest_start(&self) -> Option<SteadyTime> {
        let starts = self.by_worker.values().filter_map(BTreeSet::last);
        starts.map(|&(start, _)| start).max()
    }

    /// See [`ReservationsOf`].
    pub(super) fn reservations(&self, of: ReservationsOf<'_>) -> Vec<Reservation> {
        match of {
            ReservationsOf::Jids(jids) => {
                let mut found = Vec::new();
                for jid in jids {
                    self.collect_of_jid(jid, &mut found);
                }
                found
            }
            ReservationsOf::Keys(keys) => {
                let found = keys.iter().filter_map(|key| self.reservation(key.0));
                found.collect()
            }
            ReservationsOf::EndingBy(until, limit) => self.ending(until, limit),
            ReservationsOf::Worker(wid, limit) => self.of_worker(wid, limit),
        }
    }

    fn reservation(&self, key: i64) -> Option<Reservation> {
        self.get(key).map(|held| held.under(key))
    }

    /// Appends the reservations of a job id, oldest first.
    fn collect_of_jid(&self, jid: &str, out: &mut Vec<Reservation>) {
        let start = out.len();
        let same_hash = self.by_jid.iter_hash(self.hasher.hash_one(jid));
        out.extend(same_hash.filter_map(|&key| {
            let held = self.get(key)?;
            (&*held.jid == jid).then(|| held.under(key))
        }));
        if let Some(found) = out.get_mut(start..) {
            found.sort_unstable_by_key(|found| (found.reserved_at, found.key));
        }
    }

    fn ending(&self, until: SteadyTime, limit: usize) -> Vec<Reservation> {
        self.by_end
            .range(..=(until, i64::MAX))
            .take(limit)
            .filter_map(|&(_, key)| self.reservation(key))
            .collect()
    }

    pub(super) fn workers(&self) -> Vec<String> {
        let named = self.by_worker.keys().filter(|wid| !wid.is_empty());
        named.map(ToString::to_string).collect()
    }

    fn of_worker(&self, wid: &str, limit: usize) -> Vec<Reservation> {
        self.by_worker
            .get(wid)
            .into_iter()
            .flatten()
            .take(limit)
            .filter_map(|&(_, key)| self.reservation(key))
            .collect()
    }
}
