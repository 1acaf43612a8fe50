//! The two clocks of the server: the wall's, which people can set, and its own, which nobody can.

use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use parking_lot::Mutex;
use rustix::time::{ClockId, clock_gettime};
use workmill_proto::Timestamp;

/// How long nobody must have read the clock for the server to have been frozen: its own duties read it every half
/// second.
const FREEZE_MIN: Duration = Duration::from_secs(3);

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

/// What came of reading the clock so far.
#[derive(Debug, Default)]
struct Reading {
    /// The age at which it was last read.
    last: Duration,
    /// For how long of that age the server was frozen.
    frozen: Duration,
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

    /// When the uptime will be this, if the server is not frozen until then; now if it is more already.
    pub(crate) fn instant_at(&self, uptime: Duration) -> Instant {
        Instant::now() + uptime.saturating_sub(self.uptime())
    }
}

impl Reading {
    /// Takes note of a reading at this age; returns the uptime.
    fn advance(&mut self, age: Duration) -> Duration {
        let gap = age.saturating_sub(self.last);
        if gap > FREEZE_MIN {
            self.frozen += gap;
        }
        self.last = self.last.max(age);
        self.last.saturating_sub(self.frozen)
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
    fn an_earlier_reading_does_not_turn_the_clock_back() {
        let mut reading = Reading::default();
        reading.advance(Duration::from_secs(2));
        assert_eq!(reading.advance(Duration::from_secs(1)).as_secs(), 2);
        assert_eq!(reading.advance(Duration::from_secs(5)).as_secs(), 5);
        assert_eq!(reading.frozen, Duration::ZERO);
    }
}
