//! How big groups are.

use std::sync::atomic::{AtomicU64, Ordering};

/// Counters of the committer, readable by everybody.
#[derive(Debug, Default)]
pub(crate) struct GroupStats {
    groups: AtomicU64,
    requests: AtomicU64,
    largest: AtomicU64,
    failed: AtomicU64,
}

/// The counters at one moment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GroupCounts {
    /// Groups committed.
    pub(crate) groups: u64,
    /// Requests in them.
    pub(crate) requests: u64,
    /// Requests in the largest of them.
    pub(crate) largest: u64,
    /// Groups rolled back.
    pub(crate) failed: u64,
}

impl GroupStats {
    /// Counts a committed group of so many requests.
    pub(crate) fn count_committed(&self, requests: usize) {
        let requests = requests as u64;
        self.groups.fetch_add(1, Ordering::Relaxed);
        self.requests.fetch_add(requests, Ordering::Relaxed);
        self.largest.fetch_max(requests, Ordering::Relaxed);
    }

    /// Counts a group that was rolled back.
    pub(crate) fn count_failed(&self) {
        self.failed.fetch_add(1, Ordering::Relaxed);
    }

    pub(crate) fn counts(&self) -> GroupCounts {
        GroupCounts {
            groups: self.groups.load(Ordering::Relaxed),
            requests: self.requests.load(Ordering::Relaxed),
            largest: self.largest.load(Ordering::Relaxed),
            failed: self.failed.load(Ordering::Relaxed),
        }
    }
}
