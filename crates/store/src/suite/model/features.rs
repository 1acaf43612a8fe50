//! What is kept besides jobs, as plainly as it can be said.

use std::collections::BTreeMap;

use crate::{
    AuditEntry, BatchState, FailureGroup, FailureId, HistoryKey, HistorySlot, Lock, LockKey,
    Tombstone, Track, Trash, TrashKey, TrashedJob,
};

/// Locks, tracks, ends, batches, slots of history, groups of failures, the audit log and the trash.
#[derive(Clone, Debug, Default)]
pub(in super::super) struct Features {
    pub(in super::super) locks: BTreeMap<LockKey, Lock>,
    pub(in super::super) tracks: BTreeMap<Box<str>, Track>,
    pub(in super::super) ends: BTreeMap<(Box<str>, Box<str>), Tombstone>,
    pub(in super::super) batches: BTreeMap<u64, BatchState>,
    pub(in super::super) history: BTreeMap<HistoryKey, HistorySlot>,
    /// The largest number a batch has had.
    pub(in super::super) last_batch: u64,
    pub(in super::super) audit: BTreeMap<u64, AuditEntry>,
    pub(in super::super) trash: BTreeMap<u64, Trash>,
    pub(in super::super) trashed: BTreeMap<TrashKey, TrashedJob>,
    /// The number of the last action.
    pub(in super::super) last_action: u64,
    pub(in super::super) failures: BTreeMap<FailureId, FailureGroup>,
}

impl Features {
    pub(in super::super) fn note_batch(&mut self, id: u64) {
        assert!(id > self.last_batch, "a number of a batch was used twice");
        self.last_batch = id;
    }

    pub(in super::super) fn flush(&mut self) {
        *self = Self {
            last_batch: self.last_batch,
            audit: std::mem::take(&mut self.audit),
            last_action: self.last_action,
            ..Self::default()
        };
    }
}
