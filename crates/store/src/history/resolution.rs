//! How finely time is cut, and for how long that is kept.

use std::time::Duration;

use workmill_proto::Timestamp;

/// How long the slots of history are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resolution {
    /// A minute, for six hours.
    Minute,
    /// Ten minutes, for two days.
    TenMinutes,
    /// An hour, for 30 days.
    Hour,
    /// A UTC day, for 180 days.
    Day,
    /// An hour, for a day, with how long jobs waited and ran.
    HourOfTimes,
    /// A UTC day, for 30 days, with how long jobs waited and ran.
    DayOfTimes,
    /// All time, with how long jobs waited and ran: it has the one slot 0.
    Ever,
}

const MINUTE_SECS: u64 = 60;
const HOUR_SECS: u64 = 3_600;
const DAY_SECS: u64 = 86_400;

/// The places that each resolution has in the numbers of all places. More than any has slots.
const PLACES_EACH: i64 = 1_000;

impl Resolution {
    /// All of them.
    pub const ALL: [Self; 7] = [
        Self::Minute,
        Self::TenMinutes,
        Self::Hour,
        Self::Day,
        Self::HourOfTimes,
        Self::DayOfTimes,
        Self::Ever,
    ];

    /// How long a slot is. That of all time has no length worth the name.
    pub const fn length(self) -> Duration {
        let secs = match self {
            Self::Minute => MINUTE_SECS,
            Self::TenMinutes => 10 * MINUTE_SECS,
            Self::Hour | Self::HourOfTimes => HOUR_SECS,
            Self::Day | Self::DayOfTimes => DAY_SECS,
            Self::Ever => return Duration::MAX,
        };
        Duration::from_secs(secs)
    }

    /// How many slots are kept, the one that is being filled among them.
    pub const fn slots_kept(self) -> i64 {
        match self {
            Self::Minute => 6 * 60 + 1,
            Self::TenMinutes => 2 * 144 + 1,
            Self::Hour => 30 * 24 + 1,
            Self::Day => 181,
            Self::HourOfTimes => 25,
            Self::DayOfTimes => 31,
            Self::Ever => 1,
        }
    }

    /// Whether its slots tell how long jobs waited and ran.
    pub const fn has_times(self) -> bool {
        matches!(self, Self::HourOfTimes | Self::DayOfTimes | Self::Ever)
    }

    /// The slot that a moment is in: the one that begins with 1970 is 0.
    pub fn slot_at(self, at: Timestamp) -> i64 {
        match self {
            Self::Ever => 0,
            _ => at.as_micros().div_euclid(self.length_micros()),
        }
    }

    /// When a slot begins.
    pub fn start_of(self, slot: i64) -> Timestamp {
        Timestamp::from_micros(match self {
            Self::Ever => 0,
            _ => slot.saturating_mul(self.length_micros()),
        })
    }

    fn length_micros(self) -> i64 {
        i64::try_from(self.length().as_micros()).unwrap_or(i64::MAX)
    }
}

/// A slot of history.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct HistoryKey {
    /// How long it is.
    pub resolution: Resolution,
    /// Which: see [`Resolution::slot_at`].
    pub slot: i64,
}

impl HistoryKey {
    /// Where it is kept: one slot after the other is there.
    pub(crate) fn place(self) -> i64 {
        let base = PLACES_EACH * self.resolution as i64;
        base + self.slot.rem_euclid(self.resolution.slots_kept())
    }

    /// The key of the slot that is kept at a place; none if none of that number can be there.
    pub(crate) fn at_place(place: i64, slot: i64) -> Option<Self> {
        let resolution = usize::try_from(place / PLACES_EACH).ok()?;
        let resolution = *Resolution::ALL.get(resolution)?;
        let key = Self { resolution, slot };
        (key.place() == place).then_some(key)
    }
}
