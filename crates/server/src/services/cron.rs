//! Asks the engine for the recurring jobs that are due.

use std::sync::Arc;

use workmill_engine::Duty;
use workmill_proto::Timestamp;

use super::service::{Life, Service};
use super::ticker::perform;
use crate::meters::DutyKind;
use crate::shared::Shared;

/// Starts the firing of cron entries: at every whole second, as no entry is due between two of them but those
/// that count from the start.
pub(crate) fn fire_cron(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start(DutyKind::Cron.name(), |mut life: Life| async move {
        life.started();
        loop {
            let table = Arc::clone(&shared.settings.now().cron);
            if perform(&shared, Duty::FireCron(table)).await.is_err() {
                return;
            }
            let now = shared.clock.wall();
            let until_next = tokio::time::sleep(next_second(now).since(now));
            if !life.outlasts(until_next).await {
                return;
            }
        }
    })
}

/// The first whole second after a moment.
fn next_second(moment: Timestamp) -> Timestamp {
    const MICROS_PER_SEC: i64 = 1_000_000;
    let secs = moment.as_micros().div_euclid(MICROS_PER_SEC) + 1;
    Timestamp::default().plus_secs(secs)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_next_second_is_whole_and_later() {
        let next = |micros| next_second(Timestamp::from_micros(micros)).as_micros();
        assert_eq!(next(0), 1_000_000);
        assert_eq!(next(999_999), 1_000_000);
        assert_eq!(next(1_000_000), 2_000_000);
        assert_eq!(next(-1), 0);
    }
}
