//! Takes jobs back from stale workers, if the operator wants it.

use std::sync::Arc;
use std::time::Duration;

use workmill_engine::Duty;

use super::service::{Life, Service};
use super::ticker::perform;
use crate::meters::DutyKind;
use crate::shared::Shared;

/// How often jobs of lost workers are looked for.
const RECOVER_EVERY: Duration = Duration::from_secs(5);

/// After a start, how long workers have to be seen again before they count as lost.
const RECOVER_AFTER_START: Duration = Duration::from_secs(60);

/// Starts the recovery. It does nothing while `recover_lost` is off.
pub(crate) fn recover_lost(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start(DutyKind::Recover.name(), |mut life: Life| async move {
        let first = tokio::time::Instant::now() + RECOVER_AFTER_START;
        let mut interval = tokio::time::interval_at(first, RECOVER_EVERY);
        interval.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        life.started();
        while life.lasts_until_next(&mut interval).await {
            if !shared.settings.now().recover_lost {
                continue;
            }
            let now = shared.clock.uptime();
            let mut alive = shared.roster.registry.alive(now);
            alive.append(&mut shared.roster.elsewhere.alive(now));
            let alive = Arc::new(alive);
            let duty = Duty::RecoverLost { alive };
            if perform(&shared, duty).await.is_err() {
                return;
            }
        }
    })
}
