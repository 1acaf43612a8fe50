//! The two clocks of the server: the wall's, which people can set, and its own, which nobody can.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use workmill_proto::Timestamp;

/// How long nobody must have read the clock for the server to have been frozen: its own duties read it every half
/// second.
pub(crate) const FREEZE_MIN: Duration = Duration::from_secs(3);

/// Tells both times.
///
/// The uptime is what durations are measured by: for how long the server has been able to hear its clients since it
/// started. It never jumps and never runs backwards. While the process is frozen (a paused container, a machine that
/// moves or sleeps) it stands still, as nobody can be heard; it notices that at the first reading afterwards.
#[derive(Debug)]
pub(crate) struct Clock {
    origin: Duration,
    reading: Mutex<Reading>,
}

/// How soon something is looked at again that will be due when the uptime goes on.
const LOOK_AGAIN_AFTER: Duration = Duration::from_millis(100);

/// What came of reading the clock so far.
#[derive(Debug, Default)]
struct Reading {
    /// The age at which it was last read.
    last: Duration,
    /// For how long of that age the server was frozen.
    frozen: Duration,
    /// Whether the uptime stands still.
    held: bool,
}

impl Clock {
    /// A clock that starts now.
    pub(crate) fn start() -> Self {
        Self {
            origin: since_boot(),
            reading: Mutex::default(),
        }
    }

    /// What the wall clock shows.
    pub(crate) fn wall(&self) -> Timestamp {
        wall()
    }

    /// For how long the server has been able to hear its clients since it started.
    pub(crate) fn uptime(&self) -> Duration {
        let mut reading = self.reading.lock();
        // Within the lock: a thread that waited for it must not come with an older time.
        reading.advance(self.age())
    }

    /// For how long it has not, since it started: it was frozen. Only reading the uptime notices a freeze.
    pub(crate) fn frozen(&self) -> Duration {
        self.reading.lock().frozen
    }

    /// How long ago the server started, whether it was frozen or not.
    pub(crate) fn age(&self) -> Duration {
        since_boot().saturating_sub(self.origin)
    }

    /// Lets the uptime stand still: the server could hear its clients, but not answer them.
    pub(crate) fn hold(&self) {
        self.reading.lock().held = true;
    }

    /// Lets it go on. The time since it was last read is one in which the server was frozen.
    pub(crate) fn go_on(&self) {
        self.reading.lock().go_on(self.age());
    }

    /// When the uptime will be this, if the server is not frozen until then; now if it is more already. While the uptime
    /// stands still, when to ask again.
    pub(crate) fn instant_at(&self, uptime: Duration) -> Instant {
        let left = uptime.saturating_sub(self.uptime());
        let least = match self.reading.lock().held {
            true => LOOK_AGAIN_AFTER,
            false => Duration::ZERO,
        };
        Instant::now() + left.max(least)
    }
}

impl Reading {
    /// Takes note of a reading at this age; returns the uptime.
    fn advance(&mut self, age: Duration) -> Duration {
        if self.held {
            return self.last.saturating_sub(self.frozen);
        }
        let gap = age.saturating_sub(self.last);
        if gap > FREEZE_MIN {
            self.frozen += gap;
        }
        self.last = self.last.max(age);
        self.last.saturating_sub(self.frozen)
    }

    fn go_on(&mut self, age: Duration) {
        if std::mem::take(&mut self.held) {
            self.frozen += age.saturating_sub(self.last);
            self.last = self.last.max(age);
        }
    }
}

/// What the wall clock shows.
pub(crate) fn wall() -> Timestamp {
    let since = SystemTime::now().duration_since(UNIX_EPOCH);
    since.map_or(Timestamp::default(), |since| {
        Timestamp::default().plus(since)
    })
}

/// Time that goes on while the machine sleeps.
fn since_boot() -> Duration {
    Duration::try_from(clock_gettime(ClockId::Boottime)).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_in_which_nobody_could_be_heard_does_not_count() {
        let mut reading = Reading::default();
        let mut uptime_at = |millis| reading.advance(Duration::from_millis(millis)).as_millis();
        assert_eq!(uptime_at(2_500), 2_500);
        assert_eq!(uptime_at(5_500), 5_500, "nobody was in a hurry");
        assert_eq!(uptime_at(70_000), 5_500, "it was frozen");
        assert_eq!(uptime_at(70_400), 5_900, "and goes on");
        assert_eq!(reading.frozen, Duration::from_millis(64_500));
    }

    #[test]
    fn time_in_which_the_clock_is_held_does_not_count_however_often_it_is_read() {
        let mut reading = Reading::default();
        let secs = Duration::from_secs;
        reading.advance(secs(2));
        reading.held = true;
        for age in 3..60 {
            assert_eq!(reading.advance(secs(age)), secs(2));
            assert_eq!(reading.frozen, Duration::ZERO, "it is told of at the end");
        }
        reading.go_on(secs(60));
        assert_eq!(reading.frozen, secs(58));
        assert_eq!(reading.advance(secs(61)), secs(3));
        reading.go_on(secs(100));
        assert_eq!(reading.frozen, secs(58), "it was not held");
    }

    #[test]
    fn what_is_due_while_the_clock_is_held_is_not_asked_for_all_the_time() {
        let clock = Clock::start();
        clock.hold();
        assert!(clock.instant_at(Duration::ZERO) > Instant::now());
        clock.go_on();
        assert!(clock.instant_at(Duration::ZERO) <= Instant::now());
    }

    #[test]
    fn an_earlier_reading_does_not_turn_the_clock_back() {
        let mut reading = Reading::default();
        reading.advance(Duration::from_secs(2));
        assert_eq!(reading.advance(Duration::from_secs(1)).as_secs(), 2);
        assert_eq!(reading.advance(Duration::from_secs(5)).as_secs(), 5);
        assert_eq!(reading.frozen, Duration::ZERO);
    }
}
