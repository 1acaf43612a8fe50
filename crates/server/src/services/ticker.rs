//! Asks the engine for what time demands.

use std::sync::Arc;
use std::time::{Duration, Instant};

use smallvec::smallvec;
use tokio::time::{MissedTickBehavior, interval};
use workmill_engine::{Duty, Op};

use super::service::{Life, Service};
use crate::gate::{GateClosed, Unanswered};
use crate::meters::DutyCounter;
use crate::shared::Shared;

/// How often due jobs are moved into their queues: they must be there within a second.
const PROMOTE_EVERY: Duration = Duration::from_millis(500);

/// How often reservations past their time are ended: they must be within five seconds.
const EXPIRE_EVERY: Duration = Duration::from_secs(1);

/// How often what is too old is forgotten.
const PURGE_EVERY: Duration = Duration::from_secs(60);

/// How often what was removed is deleted.
const SWEEP_EVERY: Duration = Duration::from_secs(1);

/// How often it is kept how far the clocks are.
const KEEP_CLOCKS_EVERY: Duration = Duration::from_secs(10);

/// Starts the duties of time. Each has at most one run outstanding: a slow store is not flooded.
pub(crate) fn tick(shared: &Arc<Shared>) -> Vec<Service> {
    vec![
        repeat(
            shared,
            "promotion",
            PROMOTE_EVERY,
            Duty::Promote,
            |shared| &shared.meters.duties.promote,
        ),
        repeat(
            shared,
            "expiry",
            EXPIRE_EVERY,
            Duty::ExpireReservations,
            |shared| &shared.meters.duties.expire,
        ),
        repeat(shared, "purge", PURGE_EVERY, Duty::Purge, |shared| {
            &shared.meters.duties.purge
        }),
        repeat(shared, "sweep", SWEEP_EVERY, Duty::Sweep, |shared| {
            &shared.meters.duties.sweep
        }),
        repeat(
            shared,
            "clock keeping",
            KEEP_CLOCKS_EVERY,
            Duty::KeepClocks,
            |shared| &shared.meters.duties.keep_clocks,
        ),
    ]
}

fn repeat(
    shared: &Arc<Shared>,
    name: &'static str,
    every: Duration,
    duty: Duty,
    counter: fn(&Shared) -> &DutyCounter,
) -> Service {
    let shared = Arc::clone(shared);
    Service::start(name, move |mut life: Life| async move {
        let mut interval = interval(every);
        interval.set_missed_tick_behavior(MissedTickBehavior::Delay);
        life.started();
        while life.lasts_until_next(&mut interval).await {
            if perform(&shared, duty.clone(), counter(&shared))
                .await
                .is_err()
            {
                return;
            }
        }
    })
}

/// Has a duty run to its end, and counts it. A run that failed was logged by the committer.
pub(super) async fn perform(
    shared: &Shared,
    duty: Duty,
    counter: &DutyCounter,
) -> Result<(), CommitterGone> {
    let start = Instant::now();
    let mut pending = shared.gate.submit(smallvec![Op::Tick(duty)], 0)?;
    pending.answers().await?;
    counter.count(start.elapsed());
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
