//! A calendar in a time zone: what the changes of its clocks do.
//!
//! Between two changes a clock is a constant offset from UTC, so each such stretch is searched by itself. What
//! remains is what its beginning has skipped or repeats.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::{Offset, TimeZone, TimeZoneTransition};
use jiff::{SignedDuration, Span};

use super::calendar::Calendar;

/// The first tick at or after `from`, which has whole seconds. None if there will never be any.
///
/// - When clocks are put forward, times that are skipped are made up for by one tick at the moment of the change.
///   A calendar with times in every hour needs none: its next hour has them.
/// - When clocks are put back, times that come twice count once, the first time; an interval goes on as it does
///   at any other moment.
pub(super) fn first_from(
    calendar: &Calendar,
    zone: &TimeZone,
    from: Timestamp,
) -> Option<Timestamp> {
    let just_after = from.checked_add(SignedDuration::from_nanos(1)).ok()?;
    let mut stretch = Stretch {
        offset: zone.to_offset(from),
        change: zone
            .preceding(just_after)
            .next()
            .and_then(|start| Change::at(&start, zone)),
        from,
    };
    let mut changes = zone.following(from);
    loop {
        let end = changes.next();
        let tick = stretch.first_tick(calendar);
        if let Some(tick) = tick
            && end.as_ref().is_none_or(|end| tick < end.timestamp())
        {
            return Some(tick);
        }
        // A day more than any clock was put back by.
        let back = stretch.wall(stretch.from).checked_sub(Span::new().days(2));
        calendar.first_from(back.ok()?)?;
        let end = end?;
        stretch = Stretch {
            offset: end.offset(),
            change: Change::at(&end, zone),
            from: end.timestamp(),
        };
    }
}

/// A change of the clocks.
struct Change {
    at: Timestamp,
    /// What the clocks would have shown then without it.
    wall_before: DateTime,
}

impl Change {
    fn at(transition: &TimeZoneTransition<'_>, zone: &TimeZone) -> Option<Self> {
        let at = transition.timestamp();
        let just_before = at.checked_sub(SignedDuration::from_nanos(1)).ok()?;
        Some(Self {
            at,
            wall_before: zone.to_offset(just_before).to_datetime(at),
        })
    }
}

/// What is left of a time of constant offset.
struct Stretch {
    offset: Offset,
    /// What it began with; none if it has always been.
    change: Option<Change>,
    from: Timestamp,
}

impl Stretch {
    fn wall(&self, moment: Timestamp) -> DateTime {
        self.offset.to_datetime(moment)
    }

    /// The first tick, as if the stretch had no end.
    fn first_tick(&self, calendar: &Calendar) -> Option<Timestamp> {
        let mut wall = self.wall(self.from);
        if let Some(change) = &self.change {
            if change.at >= self.from && self.makes_up(calendar, change) {
                return Some(change.at);
            }
            if !calendar.is_interval() {
                wall = wall.max(change.wall_before);
            }
        }
        let tick = calendar.first_from(wall)?;
        self.offset.to_timestamp(tick).ok()
    }

    /// Whether the change at the beginning has skipped what it must make up for.
    fn makes_up(&self, calendar: &Calendar, change: &Change) -> bool {
        let skipped_until = self.wall(change.at);
        !calendar.is_hourly()
            && change.wall_before < skipped_until
            && calendar
                .first_from(change.wall_before)
                .is_some_and(|skipped| skipped < skipped_until)
    }
}
