//! One look at all queues.

use std::collections::BTreeMap;

use workmill_proto::Timestamp;
use workmill_store::reading::{Bounds, QueueView, READ_ROWS_MAX};
use workmill_store::{Place, StoreError, Totals};

use crate::desk::Desk;

/// Running jobs that are looked at to tell which queue each is of. The others count for none.
const WORKING_MAX: usize = 50_000;

/// What was seen.
#[derive(Debug)]
pub(crate) struct Observed {
    /// When.
    pub(crate) at: Timestamp,
    pub(crate) totals: Totals,
    pub(crate) queues: BTreeMap<Box<str>, QueueNow>,
    /// How many jobs each worker has, as far as they were looked at.
    pub(crate) held: BTreeMap<Box<str>, u64>,
}

/// A queue.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(crate) struct QueueNow {
    /// Jobs that wait in it.
    pub(crate) size: u64,
    /// Jobs of it that run.
    pub(crate) working: u64,
    pub(crate) paused: bool,
    /// How long its next job has waited, in seconds.
    pub(crate) latency_secs: f64,
}

impl Observed {
    /// Looks, in slices.
    pub(super) async fn read(desk: &dyn Desk) -> Result<Self, StoreError> {
        let mut observed = Self {
            at: desk.now(),
            totals: desk.read(|reading| reading.totals()).await?,
            queues: BTreeMap::new(),
            held: BTreeMap::new(),
        };
        let mut after = None;
        loop {
            let bounds = Bounds::of_rows(READ_ROWS_MAX);
            let slice = desk
                .read(move |reading| reading.queues(after, bounds))
                .await?;
            for queue in slice.items {
                observed.add(queue);
            }
            after = slice.next;
            if after.is_none() {
                break;
            }
        }
        observed.count_working(desk).await?;
        Ok(observed)
    }

    fn add(&mut self, queue: QueueView) {
        let waited = queue.head.map(|head| self.at.since(head).as_secs_f64());
        let now = QueueNow {
            size: queue.size,
            working: 0,
            paused: queue.paused,
            latency_secs: waited.unwrap_or(0.0),
        };
        self.queues.insert(queue.name, now);
    }

    async fn count_working(&mut self, desk: &dyn Desk) -> Result<(), StoreError> {
        let (mut after, mut left) = (None, WORKING_MAX);
        loop {
            let bounds = Bounds::of_rows(left.min(READ_ROWS_MAX));
            let slice = desk
                .read(move |reading| {
                    let slice = reading.jobs(&Place::Working, after, bounds)?;
                    let running = slice.items.into_iter().map(|found| {
                        let queue = found.job.ok().map(|job| job.queue);
                        (queue, found.reservation.map(|held| held.wid))
                    });
                    Ok((running.collect::<Vec<_>>(), slice.next))
                })
                .await?;
            let (running, next) = slice;
            left = left.saturating_sub(running.len());
            for (queue, wid) in running {
                if let Some(queue) = queue {
                    self.queues.entry(queue).or_default().working += 1;
                }
                if let Some(wid) = wid {
                    *self.held.entry(wid).or_default() += 1;
                }
            }
            after = next;
            if after.is_none() || left == 0 {
                return Ok(());
            }
        }
    }
}
