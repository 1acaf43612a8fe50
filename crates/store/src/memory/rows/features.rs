//! Tombstones, locks, tracks and cron ticks, and what all tables with generations have in common.
//!
//! Ends, locks and tracks are not found by their time here, but looked through: there are few.

use workmill_proto::{SteadyTime, Timestamp};

use super::MemoryRows;
use crate::memory::table::Table;
use crate::writer::{FeatureRows, Kept, Passing};
use crate::{CronTick, Lock, LockKey, LockOwner, StoreError, Tombstone, Track};

impl FeatureRows for MemoryRows<'_> {
    fn write_end(&mut self, generation: i64, end: &Tombstone) -> Result<(), StoreError> {
        let key = (generation, end.jid.clone(), end.wid.clone());
        self.with(|tables| {
            let before = tables.ends.rows().get(&key).copied();
            let at = before.map_or(end.at, |before| before.max(end.at));
            tables.ends.put(key, at);
        });
        Ok(())
    }

    fn has_end(&mut self, generation: i64, jid: &str, wid: &str) -> Result<bool, StoreError> {
        let key = (generation, jid.into(), wid.into());
        self.with(|tables| Ok(tables.ends.rows().contains_key(&key)))
    }

    fn acquire_lock(
        &mut self,
        generation: i64,
        lock: &Lock,
        now: SteadyTime,
    ) -> Result<bool, StoreError> {
        let key = (generation, lock.key);
        self.with(|tables| {
            let holder = tables.locks.rows().get(&key);
            let is_free = holder.is_none_or(|holder| holder.ends_at <= now);
            if is_free {
                tables.locks.put(key, lock.clone());
            }
            Ok(is_free)
        })
    }

    fn release_lock(
        &mut self,
        generation: i64,
        key: &LockKey,
        owner: &LockOwner,
    ) -> Result<(), StoreError> {
        let key = (generation, *key);
        self.with(|tables| {
            let holder = tables.locks.rows().get(&key);
            if holder.is_some_and(|holder| holder.owner == *owner) {
                tables.locks.remove(&key);
            }
        });
        Ok(())
    }

    fn lock(&mut self, generation: i64, key: &LockKey) -> Result<Option<Lock>, StoreError> {
        self.with(|tables| Ok(tables.locks.rows().get(&(generation, *key)).cloned()))
    }

    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Track>, StoreError> {
        let key = (generation, jid.into());
        self.with(|tables| Ok(tables.tracks.rows().get(&key).cloned()))
    }

    fn write_track(&mut self, generation: i64, jid: &str, track: &Track) -> Result<(), StoreError> {
        let key = (generation, jid.into());
        self.with(|tables| tables.tracks.put(key, track.clone()));
        Ok(())
    }

    fn cron_tick(&mut self, name: &str) -> Result<Option<Timestamp>, StoreError> {
        self.with(|tables| Ok(tables.cron_ticks.rows().get(name).copied()))
    }

    fn write_cron_tick(&mut self, tick: &CronTick) -> Result<(), StoreError> {
        self.with(|tables| tables.cron_ticks.put(tick.name.clone(), tick.at));
        Ok(())
    }

    fn has_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
    ) -> Result<bool, StoreError> {
        self.with(|tables| {
            Ok(match what {
                Passing::Ends => {
                    let mut ends = tables.ends.rows().iter();
                    ends.any(|(key, &at)| key.0 == generation && at <= until)
                }
                Passing::Locks => {
                    let mut locks = tables.locks.rows().iter();
                    locks.any(|(key, lock)| key.0 == generation && lock.ends_at <= until)
                }
                Passing::Tracks => {
                    let mut tracks = tables.tracks.rows().iter();
                    tracks.any(|(key, track)| {
                        key.0 == generation && track.forget_at.is_some_and(|at| at <= until)
                    })
                }
            })
        })
    }

    fn delete_passed(
        &mut self,
        what: Passing,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.with(|tables| {
            Ok(match what {
                Passing::Ends => {
                    let time = |key: &(i64, _, _), at: &SteadyTime| (key.0, Some(*at));
                    delete_passed(&mut tables.ends, (generation, until), limit, time)
                }
                Passing::Locks => {
                    let time = |key: &(i64, _), lock: &Lock| (key.0, Some(lock.ends_at));
                    delete_passed(&mut tables.locks, (generation, until), limit, time)
                }
                Passing::Tracks => {
                    let time = |key: &(i64, _), track: &Track| (key.0, track.forget_at);
                    delete_passed(&mut tables.tracks, (generation, until), limit, time)
                }
            })
        })
    }

    fn oldest_generation(&mut self, what: Kept, before: i64) -> Result<Option<i64>, StoreError> {
        let oldest = self.with(|tables| match what {
            Kept::Ends => oldest(&tables.ends, |key| key.0),
            Kept::Locks => oldest(&tables.locks, |key| key.0),
            Kept::Batches => oldest(&tables.batches, |key| key.0),
            Kept::BatchDetails => oldest(&tables.batch_details, |key| key.0),
            Kept::BatchLinks => oldest(&tables.batch_links, |key| key.0),
            Kept::BatchDues => oldest(&tables.batch_dues, |key| key.0),
            Kept::Tracks => oldest(&tables.tracks, |key| key.0),
        });
        Ok(oldest.filter(|&oldest| oldest < before))
    }

    fn delete_of_generation(
        &mut self,
        what: Kept,
        generation: i64,
        limit: usize,
    ) -> Result<usize, StoreError> {
        self.with(|tables| {
            Ok(match what {
                Kept::Ends => delete_of(&mut tables.ends, limit, |key| key.0 == generation),
                Kept::Locks => delete_of(&mut tables.locks, limit, |key| key.0 == generation),
                Kept::Batches => delete_of(&mut tables.batches, limit, |key| key.0 == generation),
                Kept::BatchDetails => {
                    delete_of(&mut tables.batch_details, limit, |key| key.0 == generation)
                }
                Kept::BatchLinks => {
                    delete_of(&mut tables.batch_links, limit, |key| key.0 == generation)
                }
                Kept::BatchDues => {
                    delete_of(&mut tables.batch_dues, limit, |key| key.0 == generation)
                }
                Kept::Tracks => delete_of(&mut tables.tracks, limit, |key| key.0 == generation),
            })
        })
    }
}

/// Deletes up to `limit` rows of a generation whose time is over, the earliest first.
fn delete_passed<K: Ord + Clone, V>(
    table: &mut Table<K, V>,
    (generation, until): (i64, SteadyTime),
    limit: usize,
    time: impl Fn(&K, &V) -> (i64, Option<SteadyTime>),
) -> usize {
    let mut passed: Vec<(SteadyTime, K)> = Vec::new();
    for (key, row) in table.rows() {
        if let (of, Some(at)) = time(key, row)
            && of == generation
            && at <= until
        {
            passed.push((at, key.clone()));
        }
    }
    passed.sort_unstable();
    let keys: Vec<K> = passed.into_iter().map(|(_, key)| key).take(limit).collect();
    table.remove_all(&keys)
}

/// The generation of the first row: generations come first in keys.
fn oldest<K: Ord + Clone, V>(table: &Table<K, V>, generation: impl Fn(&K) -> i64) -> Option<i64> {
    table.rows().keys().next().map(generation)
}

/// Deletes up to `limit` of the rows whose keys are meant.
fn delete_of<K: Ord + Clone, V>(
    table: &mut Table<K, V>,
    limit: usize,
    is_meant: impl Fn(&K) -> bool,
) -> usize {
    let keys = table.rows().keys().filter(|key| is_meant(key)).take(limit);
    let keys: Vec<K> = keys.cloned().collect();
    table.remove_all(&keys)
}
