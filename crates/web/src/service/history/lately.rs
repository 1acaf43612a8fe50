//! What was done in the last half hour, queue by queue: read once for all who look at it.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use workmill_store::{Resolution, StoreError};

use super::slots::slots;
use crate::desk::Desk;
use crate::observe::Remembered;

/// How far back.
pub(crate) const LATELY: Duration = Duration::from_secs(30 * 60);

const MINUTES: usize = 30;

/// For how long what was read is told again: what happens is written every few seconds only.
const FRESH_FOR: Duration = Duration::from_secs(5);

/// What was done in the last half hour.
#[derive(Debug, Default)]
pub(crate) struct Lately {
    /// By queue, those that had something to do.
    pub(crate) queues: BTreeMap<Box<str>, QueueLately>,
    /// Executions that ended well, each second.
    pub(crate) done_rate: f64,
    /// Executions that ended badly, each second.
    pub(crate) failed_rate: f64,
    /// The time that rates are of: the minute that is not over, and the one before it.
    within: Duration,
}

/// What was done in a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct QueueLately {
    /// Executions that ended well, minute by minute. The last minute is not over.
    pub(crate) succeeded: [u64; MINUTES],
    /// Executions that ended badly, in all.
    pub(crate) failed: u64,
    /// Jobs that came in, in the minute that is not over and the one before it.
    enqueued: u64,
    /// Those that were handed out, in the same time.
    started: u64,
}

impl Lately {
    /// How many jobs come into a queue, and how many are handed out, each second.
    pub(crate) fn rates(&self, queue: &str) -> (f64, f64) {
        let rate = |count: u64| count as f64 / self.within.as_secs_f64().max(1.0);
        let queue = self.queues.get(queue).copied().unwrap_or_default();
        (rate(queue.enqueued), rate(queue.started))
    }
}

/// Reads it when somebody asks.
#[derive(Debug, Default)]
pub(crate) struct Recent(Remembered<Lately>);

impl Recent {
    /// What was done up to now.
    pub(crate) async fn now(&self, desk: &dyn Desk) -> Result<Arc<Lately>, StoreError> {
        self.0.get(FRESH_FOR, |_| true, |_| read(desk)).await
    }
}

async fn read(desk: &dyn Desk) -> Result<Lately, StoreError> {
    let (now, minute) = (desk.now(), Resolution::Minute);
    let last = minute.slot_at(now);
    let first = last.saturating_sub_unsigned(MINUTES as u64 - 1);
    let (mut lately, mut done, mut failed) = (Lately::default(), 0, 0);
    for (at, lines) in slots(desk, minute, first..=last, |slot| slot.queues.0).await? {
        let index = usize::try_from(at.saturating_sub(first)).unwrap_or(0);
        for (name, line) in lines {
            if at >= last.saturating_sub(1) {
                done += line.counts.succeeded;
                failed += line.counts.failed;
            }
            let queue = lately.queues.entry(name).or_default();
            queue.failed += line.counts.failed;
            if at >= last.saturating_sub(1) {
                queue.enqueued += line.counts.enqueued;
                queue.started += line.counts.started;
            }
            if let Some(succeeded) = queue.succeeded.get_mut(index) {
                *succeeded += line.counts.succeeded;
            }
        }
    }
    lately
        .queues
        .retain(|_, queue| *queue != QueueLately::default());
    // The minute that is not over, and the one before it.
    let within = now.since(minute.start_of(last)) + minute.length();
    lately.done_rate = done as f64 / within.as_secs_f64();
    lately.failed_rate = failed as f64 / within.as_secs_f64();
    lately.within = within;
    Ok(lately)
}
