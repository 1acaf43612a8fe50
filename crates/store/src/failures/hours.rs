//! How often something happened in each of the last hours.

use workmill_proto::Timestamp;

/// How many hours are told apart, the one that goes on among them.
pub const FAILURE_HOURS: usize = 24;

const MICROS_PER_HOUR: i64 = 3_600_000_000;

/// How often something happened in each of the last [`FAILURE_HOURS`] hours, by the wall clock.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FailureHours {
    /// The last hour anything was counted in, since 1970-01-01.
    pub(super) last: i64,
    /// The counts of the hours up to that one, the latest first.
    pub(super) counts: [u32; FAILURE_HOURS],
}

impl FailureHours {
    /// Counts that it happened at a moment. What is older than all that is kept is not counted.
    pub fn count(&mut self, at: Timestamp) {
        let hour = hour_of(at);
        if hour > self.last {
            let passed = usize::try_from(hour - self.last).unwrap_or(FAILURE_HOURS);
            let kept = FAILURE_HOURS.saturating_sub(passed);
            self.counts.copy_within(..kept, FAILURE_HOURS - kept);
            self.counts
                .iter_mut()
                .take(passed)
                .for_each(|count| *count = 0);
            self.last = hour;
        }
        let ago = usize::try_from(self.last - hour).unwrap_or(FAILURE_HOURS);
        if let Some(count) = self.counts.get_mut(ago) {
            *count = count.saturating_add(1);
        }
    }

    /// Forgets what was counted in hours that are still to come: the clock was wrong then.
    pub fn forget_after(&mut self, now: Timestamp) {
        let hour = hour_of(now);
        if hour < self.last {
            let ahead = usize::try_from(self.last - hour).unwrap_or(FAILURE_HOURS);
            let ahead = ahead.min(FAILURE_HOURS);
            self.counts.rotate_left(ahead);
            let come_in = self.counts.iter_mut().rev().take(ahead);
            come_in.for_each(|count| *count = 0);
            self.last = hour;
        }
    }

    /// The counts of the hours up to now, the earliest first.
    pub fn until(&self, now: Timestamp) -> [u32; FAILURE_HOURS] {
        let behind = hour_of(now).saturating_sub(self.last);
        let mut counts = [0; FAILURE_HOURS];
        for (slot, ago) in counts.iter_mut().rev().zip(0_i64..) {
            let index = usize::try_from(ago.saturating_sub(behind)).ok();
            *slot = index
                .and_then(|index| self.counts.get(index))
                .copied()
                .unwrap_or(0);
        }
        counts
    }
}

fn hour_of(at: Timestamp) -> i64 {
    at.as_micros().div_euclid(MICROS_PER_HOUR)
}
