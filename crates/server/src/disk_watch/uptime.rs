//! Lets the uptime stand still while the disk hangs: workers cannot say what they have finished.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use crate::clock::FREEZE_MIN;
use crate::services::Life;
use crate::shared::Shared;

/// Holds the uptime as long as clients are stalled for longer than the clock itself would take for a freeze.
pub(crate) async fn hold_uptime(
    shared: Arc<Shared>,
    mut stalled: watch::Receiver<Duration>,
    mut life: Life,
) {
    life.started();
    let holding = async {
        while let Ok(()) = stalled
            .wait_for(|stalled| *stalled > FREEZE_MIN)
            .await
            .map(drop)
        {
            shared.clock.hold();
            let ended = stalled.wait_for(|stalled| *stalled <= FREEZE_MIN).await;
            shared.clock.go_on();
            if ended.is_err() {
                return;
            }
        }
    };
    tokio::select! {
        biased;
        () = life.stopping() => {}
        () = holding => life.stopping().await,
    }
    shared.clock.go_on();
}
