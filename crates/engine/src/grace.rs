//! Engine time: it never runs backwards, and after a start or a jump nothing expires for a while.

use workmill_proto::Timestamp;

use crate::limits::{CLOCK_JUMP_SECS, GRACE_SECS};

/// What the engine knows of the passing of time.
#[derive(Debug, Default)]
pub(crate) struct Grace {
    last_group_at: Option<Timestamp>,
    until: Timestamp,
}

impl Grace {
    /// Takes note of a group at `now`; returns the engine's time for it, which is never before that of an
    /// earlier group.
    pub(crate) fn observe(&mut self, now: Timestamp) -> Timestamp {
        let now = self.last_group_at.map_or(now, |last| last.max(now));
        let continuous = self
            .last_group_at
            .is_some_and(|last| now <= last.plus_secs(CLOCK_JUMP_SECS));
        if !continuous {
            self.until = now.plus_secs(GRACE_SECS);
        }
        self.last_group_at = Some(now);
        now
    }

    /// Whether reservations may be ended against their worker's will.
    pub(crate) fn over(&self, now: Timestamp) -> bool {
        now >= self.until
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(secs: i64) -> Timestamp {
        Timestamp::from_micros(1_700_000_000_000_000).plus_secs(secs)
    }

    #[test]
    fn nothing_expires_for_a_minute_after_a_start() {
        let mut grace = Grace::default();
        for secs in 0..60 {
            let now = grace.observe(at(secs));
            assert!(!grace.over(now), "at {secs} s");
        }
        let now = grace.observe(at(60));
        assert!(grace.over(now));
    }

    #[test]
    fn a_jump_of_the_clock_starts_a_new_grace() {
        let mut grace = grace_seen(60);
        let now = grace.observe(at(60 + 3_600));
        assert!(!grace.over(now));
        assert!(!grace.over(at(60 + 3_600 + 59)));
        assert!(grace.over(at(60 + 3_600 + 60)));
    }

    #[test]
    fn time_never_runs_backwards() {
        let mut grace = grace_seen(60);
        assert_eq!(grace.observe(at(30)), at(60));
        assert_eq!(grace.observe(at(61)), at(61));
    }

    fn grace_seen(until_secs: i64) -> Grace {
        let mut grace = Grace::default();
        for secs in 0..=until_secs {
            grace.observe(at(secs));
        }
        grace
    }
}
