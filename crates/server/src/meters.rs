//! What is counted from the start of the server to its end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

mod duties;
mod groups;

pub(crate) use duties::{DutyCount, DutyCounter, DutyCounters};
pub(crate) use groups::GroupStats;

/// Counts groups, duties and commands.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pub(crate) groups: Arc<GroupStats>,
    pub(crate) duties: DutyCounters,
    commands: AtomicU64,
}

impl Meters {
    /// Counts commands that clients have sent.
    pub(crate) fn count_commands(&self, commands: usize) {
        self.commands.fetch_add(commands as u64, Ordering::Relaxed);
    }

    /// How many commands clients have sent.
    pub(crate) fn commands(&self) -> u64 {
        self.commands.load(Ordering::Relaxed)
    }
}
