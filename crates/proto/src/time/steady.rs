//! Moments of the server's own clock, which nobody can set.

use std::time::Duration;

/// A moment of the steady clock, in microseconds: what *durations* are measured by.
///
/// The steady clock never jumps and never runs backwards. It runs while the server can hear its clients, and stands
/// still while it cannot: while it is down, or frozen. So what is said to last a minute lasts a minute in which its
/// client could have been heard. It began, when the storage was made, with the microseconds since 1970 that the wall
/// clock showed then; since, it has nothing to do with it. Arithmetic saturates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SteadyTime(i64);

impl SteadyTime {
    /// Later than every moment the clock will show.
    pub const MAX: Self = Self(i64::MAX);
    /// Earlier than every moment the clock has shown.
    pub const MIN: Self = Self(i64::MIN);

    /// The moment of this many microseconds.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Its microseconds.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// The moment this much later.
    pub fn plus(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(micros(duration)))
    }

    /// The moment this much earlier.
    pub fn minus(self, duration: Duration) -> Self {
        Self(self.0.saturating_sub(micros(duration)))
    }

    /// The moment this many seconds later; earlier, if they are negative.
    pub fn plus_secs(self, secs: i64) -> Self {
        Self(self.0.saturating_add(secs.saturating_mul(1_000_000)))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }
}

fn micros(duration: Duration) -> i64 {
    i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_ends_of_the_steady_clock_are_not_left() {
        assert_eq!(SteadyTime::MAX.plus_secs(1), SteadyTime::MAX);
        assert_eq!(SteadyTime::MIN.minus(Duration::MAX), SteadyTime::MIN);
        assert_eq!(SteadyTime::MIN.plus_secs(i64::MIN), SteadyTime::MIN);
        let whole = SteadyTime::MAX.since(SteadyTime::MIN);
        assert_eq!(whole.as_micros(), u128::from(i64::MAX.cast_unsigned()));
    }

    #[test]
    fn steady_time_since_a_later_moment_is_zero() {
        let (early, late) = (SteadyTime::from_micros(3), SteadyTime::from_micros(10));
        assert_eq!(late.since(early), Duration::from_micros(7));
        assert_eq!(early.since(late), Duration::ZERO);
    }
}
