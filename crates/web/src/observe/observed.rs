//! One look at all queues.

use std::collections::BTreeMap;
use std::time::Duration;

use workmill_engine::Throttle;
use workmill_proto::Timestamp;
use workmill_store::reading::{Bounds, QueueView, READ_ROWS_MAX};
use workmill_store::{Clocks, Place, Reservation, StoreError, Totals};

use super::roster::Roster;
use crate::desk::Desk;

/// Running jobs that are looked at to tell which queue each is of. The others count for none.
const WORKING_MAX: usize = 50_000;

/// What was seen.
#[derive(Debug, Default)]
pub(crate) struct Observed {
    /// When.
    pub(crate) at: Timestamp,
    pub(crate) totals: Totals,
    pub(crate) queues: BTreeMap<Box<str>, QueueNow>,
    /// How many jobs each worker has, as far as they were looked at.
    pub(crate) held: BTreeMap<Box<str>, u64>,
    /// The slots of queues that have limits, where any are taken.
    pub(crate) slots: BTreeMap<Box<str>, SlotsNow>,
    pub(crate) roster: Roster,
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

/// Who has slots of a queue with limits.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct SlotsNow {
    /// All that are taken.
    pub(crate) taken: u64,
    /// Those of each worker.
    pub(crate) by_worker: BTreeMap<Box<str>, u64>,
    /// When the first of them is free again at the latest; none if none is taken.
    pub(crate) free_by: Option<Timestamp>,
}

impl Observed {
    /// Looks, in slices.
    pub(super) async fn read(desk: &dyn Desk) -> Result<Self, StoreError> {
        let mut observed = Self {
            at: desk.now(),
            totals: desk.read(|reading| reading.totals()).await?,
            roster: Roster::new(&desk.connections(), &desk.workers(), desk.left_queues()),
            ..Self::default()
        };
        let queues = desk.read_all(|reading, after, bounds| reading.queues(after, bounds));
        queues
            .await?
            .into_iter()
            .for_each(|queue| observed.add(queue));
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
        let throttles = desk.rules().throttles;
        let kept = desk.read(|reading| reading.clocks()).await?;
        let clocks = Clocks::of_kept(kept, self.at);
        loop {
            let bounds = Bounds::of_rows(left.min(READ_ROWS_MAX));
            let slice = desk
                .read(move |reading| {
                    let slice = reading.jobs(&Place::Working, after, bounds)?;
                    let held = slice.items.into_iter();
                    let held = held.map(|found| {
                        let queue = found.job.ok().map(|job| job.queue);
                        (queue, found.reservation)
                    });
                    Ok((held.collect::<Vec<_>>(), slice.next))
                })
                .await?;
            let (held, next) = slice;
            left = left.saturating_sub(held.len());
            for (queue, reservation) in held {
                self.add_working(queue, reservation, &throttles, clocks);
            }
            after = next;
            if after.is_none() || left == 0 {
                return Ok(());
            }
        }
    }
    fn add_working(
        &mut self,
        queue: Option<Box<str>>,
        reservation: Option<Reservation>,
        throttles: &BTreeMap<String, Throttle>,
        clocks: Clocks,
    ) {
        if let Some(held) = &reservation {
            *self.held.entry(held.wid.clone()).or_default() += 1;
        }
        let Some(queue) = queue else {
            return;
        };
        if let (Some(held), Some(throttle)) = (reservation, throttles.get(&*queue)) {
            let began = clocks.on_wall(held.reserved_at);
            let ended = throttle.timeout_secs.map(|secs| began.plus_secs(secs));
            if ended.is_none_or(|ended| ended > self.at) {
                let expires = clocks.on_wall(held.expires_at);
                let free_by = ended.map_or(expires, |ended| ended.min(expires));
                let slots = self.slots.entry(queue.clone()).or_default();
                slots.take(held.wid, free_by);
            }
        }
        self.queues.entry(queue).or_default().working += 1;
    }

    /// When the next job of a queue was put into it; none if it is empty.
    pub(super) fn head(&self, queue: &str) -> Option<Timestamp> {
        let queue = self.queues.get(queue)?;
        let waited = Duration::try_from_secs_f64(queue.latency_secs).ok()?;
        (queue.size > 0).then(|| self.at.minus(waited))
    }
}

impl SlotsNow {
    fn take(&mut self, wid: Box<str>, free_by: Timestamp) {
        self.taken += 1;
        *self.by_worker.entry(wid).or_default() += 1;
        self.free_by = Some(self.free_by.map_or(free_by, |first| first.min(free_by)));
    }
}
