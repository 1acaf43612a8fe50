//! The engine's clock: wall-clock time that never runs backwards.

use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Instant, SystemTime, UNIX_EPOCH};

use workmill_proto::Timestamp;

/// Tells the time. Anchored to the wall clock, advanced by the monotonic clock; when the wall clock turns
/// out to be ahead it jumps there, when the wall clock is set back it goes on as if nothing had happened.
#[derive(Debug)]
pub(crate) struct Clock {
    started: Instant,
    /// Microseconds to add to the time since `started`. Only ever grows.
    offset_micros: AtomicI64,
}

impl Clock {
    /// A clock that starts with the wall clock's time.
    pub(crate) fn start() -> Self {
        Self {
            started: Instant::now(),
            offset_micros: AtomicI64::new(wall_micros()),
        }
    }

    /// The time: at or after everything returned before, to any thread.
    pub(crate) fn now(&self) -> Timestamp {
        self.read(self.monotonic_micros(), wall_micros())
    }

    /// When the process started, as far as this clock knows.
    pub(crate) fn started(&self) -> Instant {
        self.started
    }

    /// How long it is from now until `at`, in the monotonic clock's time; zero if `at` is past.
    pub(crate) fn instant_of(&self, at: Timestamp) -> Instant {
        Instant::now() + at.since(self.now())
    }

    fn monotonic_micros(&self) -> i64 {
        i64::try_from(self.started.elapsed().as_micros()).unwrap_or(i64::MAX)
    }

    fn read(&self, monotonic_micros: i64, wall_micros: i64) -> Timestamp {
        let wall_offset = wall_micros.saturating_sub(monotonic_micros);
        let offset = self
            .offset_micros
            .fetch_max(wall_offset, Ordering::AcqRel)
            .max(wall_offset);
        Timestamp::from_micros(offset.saturating_add(monotonic_micros))
    }
}

fn wall_micros() -> i64 {
    SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map_or(0, |since| {
            i64::try_from(since.as_micros()).unwrap_or(i64::MAX)
        })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn clock_at(wall_micros: i64) -> Clock {
        Clock {
            started: Instant::now(),
            offset_micros: AtomicI64::new(wall_micros),
        }
    }

    #[test]
    fn time_goes_on_when_the_wall_clock_is_set_back() {
        let clock = clock_at(1_000_000);
        assert_eq!(clock.read(10, 1_000_010).as_micros(), 1_000_010);
        assert_eq!(clock.read(20, 5).as_micros(), 1_000_020);
        assert_eq!(clock.read(30, 999_999).as_micros(), 1_000_030);
    }

    #[test]
    fn time_jumps_to_a_wall_clock_that_is_ahead() {
        let clock = clock_at(1_000_000);
        assert_eq!(clock.read(10, 7_000_000).as_micros(), 7_000_000);
        assert_eq!(
            clock.read(20, 1_000_020).as_micros(),
            7_000_010,
            "and stays there"
        );
    }
}
