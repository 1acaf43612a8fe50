//! The passing of time: how far the steady clock is, and whether workers have had the time to be heard.

use std::time::Duration;

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::Clocks;

use crate::context::GroupContext;
use crate::limits::{CLOCK_STEP, FREEZE_MIN, GRACE};

/// What the engine knows of the passing of time. No part of a group: it stands also if that is rolled back.
#[derive(Debug, Default)]
pub(crate) struct Passage {
    /// What the steady clock showed when the server started; none before the first group.
    start: Option<SteadyTime>,
    last: SteadyTime,
    frozen: Duration,
    grace_until: SteadyTime,
}

impl Passage {
    /// Whether there was no group yet: then the clock goes on from where it was kept.
    pub(crate) fn is_new(&self) -> bool {
        self.start.is_none()
    }

    /// Takes note of a group; returns the steady time of it, which is never before that of an earlier one. `kept` is
    /// where the clocks were when the server ran last, if it did.
    pub(crate) fn observe(&mut self, context: &GroupContext, kept: Option<Clocks>) -> SteadyTime {
        let start = *self.start.get_or_insert_with(|| {
            let first = match kept {
                Some(clocks) => {
                    warn_of_earlier_clock(clocks.wall, context.wall);
                    clocks.steady
                }
                None => SteadyTime::from_micros(context.wall.as_micros()),
            };
            self.grace_until = first.plus(GRACE);
            self.last = first;
            first.minus(context.uptime)
        });
        let now = start.plus(context.uptime).max(self.last);
        let stood_still = now.since(self.last) > FREEZE_MIN;
        let was_frozen = context.frozen.saturating_sub(self.frozen) > FREEZE_MIN;
        if stood_still || was_frozen {
            self.grace_until = now.plus(GRACE);
        }
        self.last = now;
        self.frozen = context.frozen;
        now
    }

    /// Whether what others have may be ended against their will.
    pub(crate) fn grace_over(&self) -> bool {
        self.last >= self.grace_until
    }

    /// The uptime at which the steady clock shows this moment; zero for a moment before the start.
    pub(crate) fn uptime_at(&self, at: SteadyTime) -> Duration {
        at.since(self.start.unwrap_or_default())
    }
}

/// The clock was wrong when the server ran last, or is wrong now.
fn warn_of_earlier_clock(then: Timestamp, now: Timestamp) {
    let behind = then.since(now);
    if behind > CLOCK_STEP {
        let behind_secs = behind.as_secs();
        tracing::warn!(
            %then,
            %now,
            behind_secs,
            "the clock shows an earlier time than when the server ran last: reservations, locks, retries and other \
             durations go on from where they were; scheduled jobs, expires_at and cron follow the clock as it is now"
        );
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn context(uptime_secs: u64, frozen_secs: u64) -> GroupContext {
        GroupContext {
            wall: Timestamp::from_micros(1_700_000_000_000_000),
            uptime: Duration::from_secs(uptime_secs),
            frozen: Duration::from_secs(frozen_secs),
            seed: 0,
        }
    }

    fn passage_seen(until_secs: u64) -> Passage {
        let mut passage = Passage::default();
        for secs in 0..=until_secs {
            passage.observe(&context(secs, 0), None);
        }
        passage
    }

    #[test]
    fn nothing_expires_for_a_minute_after_a_start() {
        assert!(!passage_seen(59).grace_over());
        assert!(passage_seen(60).grace_over());
    }

    #[test]
    fn a_server_that_stood_still_or_was_frozen_begins_a_new_grace() {
        for (uptime, frozen) in [(60 + 11, 0), (61, 11)] {
            let mut passage = passage_seen(60);
            passage.observe(&context(uptime, frozen), None);
            assert!(!passage.grace_over());
            for later in 1..=59 {
                passage.observe(&context(uptime + later, frozen), None);
                assert!(!passage.grace_over(), "{later} s later");
            }
            passage.observe(&context(uptime + 60, frozen), None);
            assert!(passage.grace_over());
        }
        let mut passage = passage_seen(60);
        passage.observe(&context(60 + 10, 10), None);
        assert!(passage.grace_over(), "ten seconds are no stand-still");
    }

    #[test]
    fn the_steady_clock_goes_on_from_where_it_was_kept() {
        let kept = Clocks {
            steady: SteadyTime::from_micros(5_000_000),
            wall: Timestamp::MAX,
        };
        let mut passage = Passage::default();
        assert!(passage.is_new());
        assert_eq!(passage.observe(&context(2, 0), Some(kept)), kept.steady);
        assert!(!passage.is_new());
        assert_eq!(
            passage.observe(&context(3, 0), None),
            kept.steady.plus_secs(1)
        );
        assert_eq!(
            passage.uptime_at(kept.steady.plus_secs(4)),
            Duration::from_secs(6)
        );
    }

    #[test]
    fn the_steady_clock_never_runs_backwards() {
        let mut passage = passage_seen(60);
        let before = passage.observe(&context(60, 0), None);
        assert_eq!(passage.observe(&context(30, 0), None), before);
    }
}
