//! What is counted in a slot.

use std::collections::BTreeMap;

use super::Histogram;

/// How many queues, and how many types of jobs, a slot names: the busiest of it.
pub const HISTORY_NAMES_MAX: usize = 200;

/// The name of all that a slot does not name. No queue and no type of jobs is called so.
pub const OTHERS: &str = "";

/// How often what happened to jobs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct HistoryCounts {
    /// Jobs put into a queue: those pushed for now, and those whose time has come.
    pub enqueued: u64,
    /// Jobs handed out.
    pub started: u64,
    /// Executions that ended well.
    pub succeeded: u64,
    /// Executions that ended badly.
    pub failed: u64,
    /// Jobs that died.
    pub dead: u64,
    /// Jobs dropped because their time was over.
    pub expired: u64,
}

impl HistoryCounts {
    /// Adds others, never wrapping.
    pub fn add(&mut self, other: &Self) {
        for (sum, more) in self.numbers_mut().into_iter().zip(other.numbers()) {
            *sum = sum.saturating_add(more);
        }
    }

    /// How busy that is.
    fn weight(&self) -> u64 {
        self.numbers().into_iter().fold(0, u64::saturating_add)
    }

    pub(super) fn numbers(&self) -> [u64; 6] {
        [
            self.enqueued,
            self.started,
            self.succeeded,
            self.failed,
            self.dead,
            self.expired,
        ]
    }

    pub(super) fn numbers_mut(&mut self) -> [&mut u64; 6] {
        [
            &mut self.enqueued,
            &mut self.started,
            &mut self.succeeded,
            &mut self.failed,
            &mut self.dead,
            &mut self.expired,
        ]
    }
}

/// What happened to the jobs of one queue or of one type.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryLine {
    /// How often what.
    pub counts: HistoryCounts,
    /// How long jobs that were handed out had waited in their queue.
    pub waits: Histogram,
    /// How long executions took that have ended.
    pub runs: Histogram,
}

impl HistoryLine {
    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        self.counts.add(&other.counts);
        self.waits.add(&other.waits);
        self.runs.add(&other.runs);
    }

    fn without_times(&self) -> Self {
        Self {
            counts: self.counts,
            ..Self::default()
        }
    }
}

/// Lines by name. [`OTHERS`] is what has none here.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistoryLines(pub BTreeMap<Box<str>, HistoryLine>);

impl HistoryLines {
    /// The line of a name, made if need be.
    pub fn line(&mut self, name: &str) -> &mut HistoryLine {
        self.0.entry(name.into()).or_default()
    }

    /// All of them together.
    pub fn sum(&self) -> HistoryLine {
        let mut sum = HistoryLine::default();
        self.0.values().for_each(|line| sum.add(line));
        sum
    }

    fn add(&mut self, other: &Self) {
        for (name, line) in &other.0 {
            self.line(name).add(line);
        }
    }

    /// Leaves the busiest their names.
    fn limit(&mut self) {
        let named = self.0.iter().filter(|(name, _)| &***name != OTHERS);
        let mut weights: Vec<(u64, Box<str>)> = named
            .map(|(name, line)| (line.counts.weight(), name.clone()))
            .collect();
        let Some(excess) = weights.len().checked_sub(HISTORY_NAMES_MAX) else {
            return;
        };
        weights.sort_unstable();
        for (_, name) in weights.into_iter().take(excess) {
            if let Some(line) = self.0.remove(&name) {
                self.line(OTHERS).add(&line);
            }
        }
    }
}

/// What happened in a slot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HistorySlot {
    /// By queue.
    pub queues: HistoryLines,
    /// By type of job: the same again.
    pub jobtypes: HistoryLines,
}

impl HistorySlot {
    /// Adds another one. Beyond [`HISTORY_NAMES_MAX`] the least busy are among the [`OTHERS`] from then on.
    pub fn add(&mut self, other: &Self) {
        self.queues.add(&other.queues);
        self.jobtypes.add(&other.jobtypes);
        self.queues.limit();
        self.jobtypes.limit();
    }

    /// The same, without how long jobs waited and ran.
    pub fn without_times(&self) -> Self {
        let strip = |lines: &HistoryLines| {
            let lines = lines.0.iter();
            HistoryLines(
                lines
                    .map(|(name, line)| (name.clone(), line.without_times()))
                    .collect(),
            )
        };
        Self {
            queues: strip(&self.queues),
            jobtypes: strip(&self.jobtypes),
        }
    }

    /// Whether nothing happened.
    pub fn is_empty(&self) -> bool {
        self.queues.0.is_empty() && self.jobtypes.0.is_empty()
    }
}
