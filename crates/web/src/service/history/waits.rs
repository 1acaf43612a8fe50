//! How long jobs of each queue usually wait.

use std::collections::BTreeMap;
use std::time::Duration;

use workmill_store::{Histogram, Resolution, StoreError};

use super::slots::slots;
use crate::desk::Desk;

/// How far back "usually" goes, in hours. The one that is not over is left out.
const HOURS: u64 = 24;

/// Fewer jobs tell nothing of what is usual.
const JOBS_MIN: u64 = 100;

/// What 95 of 100 jobs of a queue did not exceed in the last day. Queues with few jobs are left out.
pub(crate) async fn usual_waits(
    desk: &dyn Desk,
) -> Result<BTreeMap<Box<str>, Duration>, StoreError> {
    let hour = Resolution::HourOfTimes;
    let last = hour.slot_at(desk.now()).saturating_sub(1);
    let first = last.saturating_sub_unsigned(HOURS - 1);
    let mut waits: BTreeMap<Box<str>, Histogram> = BTreeMap::new();
    for (_, lines) in slots(desk, hour, first..=last, |slot| slot.queues.0).await? {
        for (name, line) in lines {
            waits.entry(name).or_default().add(&line.waits);
        }
    }
    waits.retain(|_, histogram| histogram.count() >= JOBS_MIN);
    let usual = waits.into_iter();
    Ok(usual
        .filter_map(|(name, waits)| Some((name, waits.quantile(0.95)?)))
        .collect())
}
