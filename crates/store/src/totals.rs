//! Sizes and counters of the whole store.

use std::collections::BTreeMap;

/// What is counted, of all time and per UTC day.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Executions that ended, well or badly.
    pub processed: u64,
    /// Those that ended badly.
    pub failures: u64,
    /// Jobs that were dropped because their time was over.
    pub expired: u64,
}

/// One queue in [`Totals`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct QueueTotals {
    /// Jobs waiting in it.
    pub size: u64,
    /// Whether fetching from it is paused.
    pub paused: bool,
}

/// All sizes and counters.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Every queue that exists, by name; a drained one stays with 0.
    pub queues: BTreeMap<String, QueueTotals>,
    /// Entries of the scheduled set.
    pub scheduled: u64,
    /// Entries of the retries set.
    pub retries: u64,
    /// Entries of the dead set.
    pub dead: u64,
    /// Entries of the set of completed jobs.
    pub completed: u64,
    /// Jobs under reservation.
    pub working: u64,
    /// Counters of all time.
    pub counts: Counts,
}
