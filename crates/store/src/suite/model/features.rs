//! What features keep, as plainly as it can be said.

use std::collections::BTreeMap;

use workmill_proto::SteadyTime;

use crate::{BatchState, Lock, LockKey, LockOwner, Track};

/// Locks, tracks and batches.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Features {
    pub(in super::super) locks: BTreeMap<LockKey, Lock>,
    pub(in super::super) tracks: BTreeMap<String, Track>,
    pub(in super::super) batches: BTreeMap<u64, BatchState>,
    /// The largest number a batch has had.
    pub(in super::super) last_batch: u64,
}

impl Features {
    pub(in super::super) fn acquire(&mut self, lock: &Lock, now: SteadyTime) -> bool {
        let held = self.locks.get(&lock.key);
        let free = held.is_none_or(|held| held.ends_at <= now);
        if free {
            self.locks.insert(lock.key, lock.clone());
        }
        free
    }

    pub(in super::super) fn release(&mut self, key: LockKey, owner: &LockOwner) {
        self.locks
            .retain(|held, lock| *held != key || lock.owner != *owner);
    }

    pub(in super::super) fn forget_locks(&mut self, until: SteadyTime) -> usize {
        let before = self.locks.len();
        self.locks.retain(|_, lock| lock.ends_at > until);
        before - self.locks.len()
    }

    pub(in super::super) fn forget_tracks(&mut self, until: SteadyTime) -> usize {
        let before = self.tracks.len();
        self.tracks
            .retain(|_, track| track.forget_at.is_none_or(|at| at > until));
        before - self.tracks.len()
    }

    pub(in super::super) fn insert_batch(&mut self, id: u64, state: BatchState) {
        assert!(id > self.last_batch, "a number of a batch was used twice");
        self.last_batch = id;
        self.batches.insert(id, state);
    }

    pub(in super::super) fn flush(&mut self) {
        *self = Self {
            last_batch: self.last_batch,
            ..Self::default()
        };
    }
}
