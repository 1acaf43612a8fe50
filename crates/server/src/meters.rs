//! What is counted from the start of the server to its end.

use std::sync::atomic::{AtomicU64, Ordering};

mod duties;
mod event_queue;
mod groups;

pub(crate) use duties::{DutyCount, DutyCounters, DutyKind};
pub(crate) use event_queue::{EventQueue, WaitingEvents};
pub(crate) use groups::GroupStats;

/// Counts groups, duties and commands, and holds what metrics are to tell of.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    pub(crate) groups: GroupStats,
    pub(crate) duties: DutyCounters,
    /// What happened to jobs, on its way to the agent.
    pub(crate) events: EventQueue,
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
