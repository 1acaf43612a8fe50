//! How often jobs of each type fail, lately and as a rule.

use std::collections::BTreeMap;
use std::time::Duration;

use workmill_store::{HistoryCounts, OTHERS, Resolution, StoreError};

use super::slots::slots;
use crate::desk::Desk;

/// What "lately" is: so many minutes, the one that is not over included.
const LATELY_MINUTES: u64 = 10;

/// What it is compared with: so many hours.
const USUAL_HOURS: u64 = 24;

/// How far back "lately" goes.
pub(crate) const FAILING_WITHIN: Duration = Duration::from_secs(LATELY_MINUTES * 60);

/// Executions that ended.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Ended {
    pub(crate) succeeded: u64,
    pub(crate) failed: u64,
}

/// Executions of a type.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Failing {
    /// Those of the last minutes.
    pub(crate) lately: Ended,
    /// Those of a day before.
    pub(crate) usually: Ended,
}

impl Ended {
    /// All of them.
    pub(crate) fn all(self) -> u64 {
        self.succeeded + self.failed
    }

    /// How many of a hundred failed; none if there were none.
    pub(crate) fn failed_percent(self) -> Option<u64> {
        (self.failed * 100).checked_div(self.all())
    }

    fn add(&mut self, counts: &HistoryCounts) {
        self.succeeded += counts.succeeded;
        self.failed += counts.failed;
    }

    fn without(self, part: Self) -> Self {
        Self {
            succeeded: self.succeeded.saturating_sub(part.succeeded),
            failed: self.failed.saturating_sub(part.failed),
        }
    }
}

/// Each type that failed lately.
pub(crate) async fn failing(desk: &dyn Desk) -> Result<BTreeMap<Box<str>, Failing>, StoreError> {
    let mut found: BTreeMap<Box<str>, Failing> = BTreeMap::new();
    for (name, counts) in counts(desk, Resolution::Minute, LATELY_MINUTES - 1).await? {
        found.entry(name).or_default().lately.add(&counts);
    }
    found.retain(|name, failing| failing.lately.failed > 0 && **name != *OTHERS);
    if found.is_empty() {
        return Ok(found);
    }
    for (name, counts) in counts(desk, Resolution::Hour, USUAL_HOURS).await? {
        if let Some(failing) = found.get_mut(&name) {
            failing.usually.add(&counts);
        }
    }
    for failing in found.values_mut() {
        failing.usually = failing.usually.without(failing.lately);
    }
    Ok(found)
}

/// What was counted of types in the slot that is not over and so many before it.
async fn counts(
    desk: &dyn Desk,
    resolution: Resolution,
    before: u64,
) -> Result<Vec<(Box<str>, HistoryCounts)>, StoreError> {
    let last = resolution.slot_at(desk.now());
    let first = last.saturating_sub_unsigned(before);
    let slots = slots(desk, resolution, first..=last, |slot| slot.jobtypes.0).await?;
    let lines = slots.into_iter().flat_map(|(_, lines)| lines);
    Ok(lines.map(|(name, line)| (name, line.counts)).collect())
}
