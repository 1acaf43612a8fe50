//! Says when somebody has set the wall clock, and when the server was frozen.

use std::sync::Arc;
use std::time::Duration;

use workmill_proto::Timestamp;

use super::service::{Life, Service};
use crate::shared::Shared;

/// How often the clocks are compared.
const SAMPLE_EVERY: Duration = Duration::from_secs(1);

/// By how much the wall clock must have been set to be told of, in microseconds: less is what time servers do all the
/// time.
const STEP_MICROS_MIN: i64 = 5_000_000;

/// Starts the comparison of the wall clock with the one that nobody can set.
pub(crate) fn watch_clocks(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start("clock watch", |mut life: Life| async move {
        let mut interval = tokio::time::interval(SAMPLE_EVERY);
        let mut last = ClockSample::at(&shared);
        life.started();
        while life.lasts_until_next(&mut interval).await {
            let sample = ClockSample::at(&shared);
            sample.tell_of_freeze(&last);
            sample.tell_of_step(&last);
            last = sample;
        }
    })
}

/// What the clocks show at one time.
#[derive(Clone, Copy, Debug)]
struct ClockSample {
    wall: Timestamp,
    age: Duration,
    frozen: Duration,
}

impl ClockSample {
    fn at(shared: &Shared) -> Self {
        let clock = &shared.clock;
        // Reading it is what notices a freeze.
        clock.uptime();
        Self {
            age: clock.age(),
            wall: clock.wall(),
            frozen: clock.frozen(),
        }
    }

    fn tell_of_freeze(&self, last: &Self) {
        let frozen = self.frozen.saturating_sub(last.frozen);
        if frozen > Duration::ZERO {
            tracing::warn!(
                frozen_secs = frozen.as_secs(),
                "the server stood still (a paused process, a machine that slept, or a disk that hung): this time counts \
                 for no reservation, lock, time-out or silence of a worker"
            );
        }
    }

    fn tell_of_step(&self, last: &Self) {
        let step = self.step_micros(last);
        if step.abs() < STEP_MICROS_MIN {
            return;
        }
        let direction = if step < 0 { "back" } else { "forward" };
        tracing::warn!(
            step_secs = step / 1_000_000,
            now = %self.wall,
            "the wall clock was set {direction}: scheduled jobs, expires_at and cron follow it as it is now; reservations, \
             locks, retries and other durations do not change"
        );
    }

    /// By how much the wall clock was set since `last`; negative if it was set back.
    fn step_micros(&self, last: &Self) -> i64 {
        let wall_micros = self.wall.as_micros() - last.wall.as_micros();
        let age_micros = self.age.saturating_sub(last.age).as_micros();
        wall_micros.saturating_sub(i64::try_from(age_micros).unwrap_or(i64::MAX))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample(wall_secs: i64, age_secs: u64) -> ClockSample {
        ClockSample {
            wall: Timestamp::default().plus_secs(wall_secs),
            age: Duration::from_secs(age_secs),
            frozen: Duration::ZERO,
        }
    }

    #[test]
    fn a_step_is_what_the_wall_clock_has_moved_more_than_time_has_passed() {
        let step_secs = |wall, age| sample(wall, age).step_micros(&sample(1_000, 10)) / 1_000_000;
        assert_eq!(step_secs(1_001, 11), 0);
        assert_eq!(step_secs(1_061, 71), 0, "a frozen server is no step");
        assert_eq!(step_secs(4_601, 11), 3_600);
        assert_eq!(step_secs(-2_599, 11), -3_600);
    }
}
