//! How far the clocks are, as it is kept.

use workmill_proto::{SteadyTime, Timestamp};

/// How far the clocks are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Clocks {
    /// The steady clock, which goes on from here after a restart.
    pub steady: SteadyTime,
    /// The wall clock, as it was set then.
    pub wall: Timestamp,
}

impl Clocks {
    /// What both show when the wall clock shows this, unless that is set or the server stands still meanwhile.
    pub fn when(self, wall: Timestamp) -> Self {
        let passed = wall.as_micros().saturating_sub(self.wall.as_micros());
        let steady = SteadyTime::from_micros(self.steady.as_micros().saturating_add(passed));
        Self { steady, wall }
    }

    /// The same, as far as a store has kept them: a new one has not, and both show the same.
    pub fn of_kept(kept: Option<Self>, wall: Timestamp) -> Self {
        kept.map_or_else(|| Self::alike(wall), |kept| kept.when(wall))
    }

    /// A moment of the steady clock on the wall clock, as far as they tell it now.
    pub fn on_wall(self, at: SteadyTime) -> Timestamp {
        let ahead = at.as_micros().saturating_sub(self.steady.as_micros());
        Timestamp::from_micros(self.wall.as_micros().saturating_add(ahead))
    }

    /// As they are in a new store: both show the same.
    pub fn alike(wall: Timestamp) -> Self {
        let steady = SteadyTime::from_micros(wall.as_micros());
        Self { steady, wall }
    }
}
