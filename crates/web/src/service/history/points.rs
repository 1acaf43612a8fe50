//! History step by step.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::Timestamp;
use workmill_store::{HistoryCounts, HistorySlot, OTHERS};

use super::HistoryRange;
use super::slots::slots;
use crate::desk::Desk;
use crate::service::Problem;
use crate::service::moment::told;

/// Whose history.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum HistoryOf {
    /// That of all jobs.
    #[default]
    All,
    /// That of the jobs of a queue.
    Queue(String),
    /// That of the jobs of a type.
    Jobtype(String),
}

/// What happened to jobs, step by step up to now.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct History {
    /// How long a step is, in seconds.
    pub step: u64,
    /// False if in some step the queue or type was not among the busiest, and may have had jobs nevertheless.
    pub complete: bool,
    /// The steps in order, those without jobs too. The last one is not over.
    pub points: Vec<HistoryPoint>,
}

/// What happened in a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct HistoryPoint {
    /// When it begins.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// Jobs put into a queue.
    pub enqueued: u64,
    /// Jobs handed out.
    pub started: u64,
    /// Executions that ended well.
    pub succeeded: u64,
    /// Executions that ended badly.
    pub failed: u64,
    /// Jobs that died.
    pub dead: u64,
    /// Jobs dropped because they had expired.
    pub expired: u64,
}

impl HistoryOf {
    /// The counts of a slot, and whether they are all there are.
    fn counts(&self, slot: &HistorySlot) -> (HistoryCounts, bool) {
        let (lines, name) = match self {
            Self::All => return (slot.queues.sum().counts, true),
            Self::Queue(name) => (&slot.queues, name),
            Self::Jobtype(name) => (&slot.jobtypes, name),
        };
        match lines.0.get(&**name) {
            Some(line) if name != OTHERS => (line.counts, true),
            _ => (HistoryCounts::default(), !lines.0.contains_key(OTHERS)),
        }
    }
}

/// What happened to jobs up to now, as of some seconds ago.
///
/// # Errors
/// Reading failed.
pub async fn history(
    desk: &dyn Desk,
    range: HistoryRange,
    of: &HistoryOf,
) -> Result<History, Problem> {
    let resolution = range.resolution();
    let last = resolution.slot_at(desk.now());
    let first = last.saturating_sub(range.steps() - 1);
    let mut history = History {
        step: resolution.length().as_secs(),
        complete: true,
        points: Vec::new(),
    };
    let of = of.clone();
    let counts = move |slot: HistorySlot| of.counts(&slot);
    for (slot, (counts, is_complete)) in slots(desk, resolution, first..=last, counts).await? {
        history.fill_to(slot, first, resolution);
        history
            .points
            .push(HistoryPoint::new(resolution.start_of(slot), counts));
        history.complete &= is_complete;
    }
    history.fill_to(last.saturating_add(1), first, resolution);
    Ok(history)
}

impl History {
    /// Adds empty steps up to a slot.
    fn fill_to(&mut self, slot: i64, first: i64, resolution: workmill_store::Resolution) {
        let next = first.saturating_add_unsigned(self.points.len() as u64);
        for empty in next..slot {
            let at = resolution.start_of(empty);
            self.points
                .push(HistoryPoint::new(at, HistoryCounts::default()));
        }
    }
}

impl HistoryPoint {
    fn new(at: Timestamp, counts: HistoryCounts) -> Self {
        let HistoryCounts {
            enqueued,
            started,
            succeeded,
            failed,
            dead,
            expired,
        } = counts;
        Self {
            at,
            enqueued,
            started,
            succeeded,
            failed,
            dead,
            expired,
        }
    }
}
