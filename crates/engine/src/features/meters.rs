//! Meters: how many executions ended, and what happened to jobs, if somebody wants to know.

use workmill_store::{Counts, StoreError, Tx};

use crate::event::{Event, EventKind};
use crate::step::{Cause, Execution, Step, What};

/// What a group has counted and seen.
#[derive(Debug, Default)]
pub(crate) struct Meters {
    counts: Counts,
    events: Vec<Event>,
    /// Whether events are wanted: else none is kept.
    is_observed: bool,
}

impl Meters {
    pub(crate) fn new(is_observed: bool) -> Self {
        Self {
            is_observed,
            ..Self::default()
        }
    }

    /// Whether somebody wants to know what happens to jobs.
    pub(crate) fn is_observed(&self) -> bool {
        self.is_observed
    }

    /// Counts executions that ended.
    pub(crate) fn count_ended(&mut self, count: usize, failed: bool) {
        let count = count as u64;
        self.counts.processed += count;
        self.counts.failures += if failed { count } else { 0 };
    }

    /// Takes note of a step.
    pub(crate) fn note(&mut self, step: &Step<'_>) {
        self.counts.expired += u64::from(step.what == What::Expired);
        if self.is_observed
            && let Some(kind) = kind_of(step)
        {
            self.events.push(Event {
                kind,
                queue: step.record.queue.clone(),
                jobtype: step.record.jobtype.clone(),
            });
        }
    }

    /// Forgets what was counted, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.counts = Counts::default();
    }

    /// Hands the counts to the store, so that nothing read after this misses them. `day` is a UTC day.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T, day: i64) -> Result<(), StoreError> {
        let counts = std::mem::take(&mut self.counts);
        if counts == Counts::default() {
            return Ok(());
        }
        tx.count(day, counts)
    }

    /// Takes what was seen.
    pub(crate) fn take_events(&mut self) -> Vec<Event> {
        std::mem::take(&mut self.events)
    }
}

fn kind_of(step: &Step<'_>) -> Option<EventKind> {
    let ran_for = |execution: Execution<'_>| step.at.steady.since(execution.since);
    let failed = |dead| {
        let ran_for = ran_for(step.execution?);
        Some(EventKind::Failed { ran_for, dead })
    };
    match step.what {
        What::Pushed => (step.cause != Cause::Batch).then_some(EventKind::Pushed),
        What::Started => Some(EventKind::Fetched),
        What::Succeeded => step.execution.map(|execution| EventKind::Succeeded {
            ran_for: ran_for(execution),
        }),
        What::Failed | What::Dropped => failed(false),
        What::Died => failed(true),
        What::Expired => Some(EventKind::Expired),
        What::CameBack | What::Promoted | What::Deleted | What::Evicted | What::Restored(_) => None,
    }
}
