//! How far back history goes, and in which steps.

use std::time::Duration;

use workmill_store::Resolution;

/// How far back, up to now.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum HistoryRange {
    /// An hour, by the minute.
    #[default]
    Hour,
    /// Six hours, by the minute.
    SixHours,
    /// A day, by ten minutes.
    Day,
    /// Seven days, by the hour.
    Week,
    /// 30 days, by the hour.
    Month,
    /// 180 days, by the UTC day.
    HalfYear,
}

impl HistoryRange {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Hour,
        Self::SixHours,
        Self::Day,
        Self::Week,
        Self::Month,
        Self::HalfYear,
    ];

    /// Its name, as it stands in addresses.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Hour => "1h",
            Self::SixHours => "6h",
            Self::Day => "1d",
            Self::Week => "7d",
            Self::Month => "30d",
            Self::HalfYear => "180d",
        }
    }

    /// The one of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|range| range.name() == name)
    }

    /// How far back it goes.
    pub(crate) fn length(self) -> Duration {
        let steps = u32::try_from(self.steps()).unwrap_or(1);
        self.resolution().length() * steps
    }

    pub(super) const fn resolution(self) -> Resolution {
        match self {
            Self::Hour | Self::SixHours => Resolution::Minute,
            Self::Day => Resolution::TenMinutes,
            Self::Week | Self::Month => Resolution::Hour,
            Self::HalfYear => Resolution::Day,
        }
    }

    /// How many steps, the one that is not over among them.
    pub(super) const fn steps(self) -> i64 {
        match self {
            Self::Hour => 60,
            Self::SixHours => 360,
            Self::Day => 144,
            Self::Week => 7 * 24,
            Self::Month => 30 * 24,
            Self::HalfYear => 180,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_range_is_kept_as_long_as_it_goes_back() {
        for range in HistoryRange::ALL {
            assert!(
                range.steps() <= range.resolution().slots_kept(),
                "{range:?}"
            );
            assert_eq!(HistoryRange::of_name(range.name()), Some(range));
        }
        assert_eq!(HistoryRange::of_name("2h"), None);
    }
}
