//! Removes stale workers.

use std::sync::Arc;
use std::time::Duration;

use super::service::{Life, Service};
use crate::shared::Shared;
use crate::shown::TOLD_MAX;

/// How often stale workers are looked for.
const REAP_EVERY: Duration = Duration::from_secs(1);

/// Starts the removal of workers that send no BEAT.
pub(crate) fn reap_workers(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start("reaper", |mut life: Life| async move {
        let mut interval = tokio::time::interval(REAP_EVERY);
        life.started();
        while life.lasts_until_next(&mut interval).await {
            let reaped = shared.roster.registry.reap(shared.clock.uptime());
            for wid in reaped.iter().take(TOLD_MAX) {
                // Escaped: a client has made it up.
                tracing::warn!(
                    ?wid,
                    "a worker has sent no BEAT for a minute; its connections are closed"
                );
            }
            let more = reaped.len().saturating_sub(TOLD_MAX);
            if more > 0 {
                tracing::warn!("{more} more workers have sent no BEAT for a minute");
            }
        }
    })
}
