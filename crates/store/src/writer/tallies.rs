//! The sizes and counters that are single numbers: kept in memory, written once per transaction.

use workmill_proto::SetName;

use crate::{Clocks, Counts};

/// A set as it is now. Clearing it gives it a new id.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct SetTally {
    /// Its number.
    pub id: i64,
    /// How many entries it has.
    pub size: u64,
}

/// All of them. Small enough to copy at the start of a transaction, which is how they are rolled back.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tallies {
    /// The scheduled set.
    pub scheduled: SetTally,
    /// The retries set.
    pub retries: SetTally,
    /// The dead set.
    pub dead: SetTally,
    /// The set of completed jobs.
    pub completed: SetTally,
    /// The id the next cleared set gets.
    pub set_id_next: i64,
    /// The largest serial any entry has had.
    pub last_serial: i64,
    /// What was kept in an older generation was flushed.
    pub generation: i64,
    /// Jobs under reservation.
    pub working: u64,
    /// Counters of all time.
    pub counts: Counts,
    /// How far the clocks are. They go on without end, so that alone is no change.
    pub clocks: Option<Clocks>,
}

impl Tallies {
    /// Whether anything is another than `before`, but for the clocks.
    pub(super) fn differ(&self, before: &Self) -> bool {
        let clocks = before.clocks;
        Self { clocks, ..*self } != *before
    }

    /// What is in the row of tallies: all that belongs to no set, but for the clocks.
    pub(super) fn row(&self) -> (u64, Counts, i64, i64) {
        (self.working, self.counts, self.last_serial, self.generation)
    }

    /// A set.
    pub fn set(&self, set: SetName) -> SetTally {
        match set {
            SetName::Scheduled => self.scheduled,
            SetName::Retries => self.retries,
            SetName::Dead => self.dead,
            SetName::Completed => self.completed,
        }
    }

    /// A set, to be changed.
    pub fn set_mut(&mut self, set: SetName) -> &mut SetTally {
        match set {
            SetName::Scheduled => &mut self.scheduled,
            SetName::Retries => &mut self.retries,
            SetName::Dead => &mut self.dead,
            SetName::Completed => &mut self.completed,
        }
    }
}

/// Adds, never wrapping.
pub(crate) fn sum(left: Counts, right: Counts) -> Counts {
    Counts {
        processed: left.processed.saturating_add(right.processed),
        failures: left.failures.saturating_add(right.failures),
        expired: left.expired.saturating_add(right.expired),
    }
}
