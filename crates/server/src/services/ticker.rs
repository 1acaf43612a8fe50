//! Asks the engine for what time demands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::smallvec;
use tokio::time::{MissedTickBehavior, interval};
use workmill_engine::{Duty, Op};

use super::service::{Life, Service};
use crate::gate::{GateClosed, Unanswered};
use crate::meters::DutyKind;
use crate::shared::Shared;

/// The duties that are always the same, and how often each is asked for. Due jobs must be in their queues within a
/// second, and reservations past their time must have ended within five.
const TIMED: [(Duty, Duration); 6] = [
    (Duty::Promote, Duration::from_millis(500)),
    (Duty::RetryCarefully, Duration::from_millis(500)),
    (Duty::ExpireReservations, Duration::from_secs(1)),
    (Duty::Purge, Duration::from_secs(60)),
    (Duty::Sweep, Duration::from_secs(1)),
    (Duty::KeepClocks, Duration::from_secs(10)),
];

/// Starts the duties of time. Each has at most one run outstanding: a slow store is not flooded.
pub(crate) fn tick(shared: &Arc<Shared>) -> Vec<Service> {
    let timed = TIMED.into_iter();
    timed
        .map(|(duty, every)| repeat(shared, duty, every))
        .collect()
}

fn repeat(shared: &Arc<Shared>, duty: Duty, every: Duration) -> Service {
    let shared = Arc::clone(shared);
    Service::start(
        DutyKind::of(&duty).name(),
        move |mut life: Life| async move {
            let mut interval = interval(every);
            interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
            life.started();
            while life.lasts_until_next(&mut interval).await {
                if perform(&shared, duty.clone()).await.is_err() {
                    return;
                }
            }
        },
    )
}

/// Has a duty run to its end, and counts it. A run that failed was logged by the committer.
pub(super) async fn perform(shared: &Shared, duty: Duty) -> Result<(), CommitterGone> {
    let kind = DutyKind::of(&duty);
    let start = Instant::now();
    let mut pending = shared.engine.submit(smallvec![Op::Tick(duty)], 0)?;
    pending.answers().await?;
    shared.meters.duties.count(kind, start.elapsed());
    Ok(())
}

/// Nobody is left to do anything.
#[derive(Debug)]
pub(super) struct CommitterGone;

impl From<GateClosed> for CommitterGone {
    fn from(_: GateClosed) -> Self {
        Self
    }
}

impl From<Unanswered> for CommitterGone {
    fn from(_: Unanswered) -> Self {
        Self
    }
}
