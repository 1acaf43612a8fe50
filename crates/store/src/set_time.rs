//! The time of a job in a set: each set goes by a clock of its own.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use crate::Clocks;

/// A moment on the clock that a set goes by.
///
/// The scheduled set goes by the wall clock, as people write down when a job is to run. The others go by the steady
/// clock, as their jobs wait *for* a while: for a retry, or until they are forgotten.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SetTime(i64);

impl SetTime {
    /// Later than, or at, every moment of any set.
    pub const MAX: Self = Self(i64::MAX);

    /// When a scheduled job is due.
    pub fn scheduled(at: Timestamp) -> Self {
        Self(at.as_micros())
    }

    /// When a job is tried again.
    pub fn retries(at: SteadyTime) -> Self {
        Self(at.as_micros())
    }

    /// When a dead job is forgotten.
    pub fn dead(at: SteadyTime) -> Self {
        Self(at.as_micros())
    }

    /// When a job was completed.
    pub fn completed(at: SteadyTime) -> Self {
        Self(at.as_micros())
    }

    /// The moment on the wall clock, as far as the clocks tell it now.
    pub fn on_wall(self, set: SetName, now: Clocks) -> Timestamp {
        match set {
            SetName::Scheduled => Timestamp::from_micros(self.0),
            SetName::Retries | SetName::Dead | SetName::Completed => {
                now.on_wall(SteadyTime::from_micros(self.0))
            }
        }
    }

    /// As the store keeps it.
    pub(crate) fn as_micros(self) -> i64 {
        self.0
    }

    /// As the store has kept it.
    pub(crate) fn from_micros(micros: i64) -> Self {
        Self(micros)
    }
}
