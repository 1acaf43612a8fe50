//! When a recurring job is due.

use jiff::tz::TimeZone;
use workmill_proto::{GoDuration, Timestamp};

use super::ScheduleError;
use super::calendar::{Calendar, PlainSchedule};
use super::zoned;

/// The longest text of a schedule, in bytes.
const TEXT_BYTES_MAX: usize = 1_000;

const MICROS_PER_SEC: i64 = 1_000_000;

/// When a recurring job is due: a line of a crontab in a time zone, or an interval.
#[derive(Clone, Debug)]
pub struct Schedule {
    kind: Kind,
    text: Box<str>,
}

impl PartialEq for Schedule {
    /// What is due at the same times is the same, however it is written.
    fn eq(&self, other: &Self) -> bool {
        self.kind == other.kind
    }
}

impl Eq for Schedule {}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Kind {
    Calendar {
        calendar: Calendar,
        zone: TimeZone,
    },
    /// Every so many seconds, at least one.
    Every(i64),
}

/// What becomes of a schedule when ticks of it are done with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Settled {
    /// Ticks up to here are done.
    pub(crate) done: Timestamp,
    /// The next tick.
    pub(crate) next: Option<Timestamp>,
}

/// Splits what `CRON_TZ=` or `TZ=` says off a schedule: the name of a zone, and the rest.
pub(super) fn split_zone(text: &str) -> (Option<&str>, &str) {
    let text = text.trim();
    let named = ["CRON_TZ=", "TZ="]
        .iter()
        .find_map(|prefix| text.strip_prefix(prefix));
    match named {
        None => (None, text),
        Some(named) => match named.split_once(char::is_whitespace) {
            Some((zone, rest)) => (Some(zone), rest.trim_start()),
            None => (Some(named), ""),
        },
    }
}

impl Schedule {
    /// Reads a schedule without its zone (see [`split_zone`]): fields, one of the names that begin with `@`, or
    /// `@every` with a duration in Go's notation. Times are meant in `zone`.
    pub fn parse(text: &str, zone: TimeZone) -> Result<Self, ScheduleError> {
        if text.len() > TEXT_BYTES_MAX {
            return Err(ScheduleError::TooLong {
                bytes_max: TEXT_BYTES_MAX,
            });
        }
        let text = text.trim();
        if let Some(interval) = text.strip_prefix("@every")
            && interval.starts_with(char::is_whitespace)
        {
            return Ok(Self {
                kind: Kind::Every(parse_interval(interval.trim())?),
                text: text.into(),
            });
        }
        let fields = match text {
            "@yearly" | "@annually" => "0 0 1 1 *",
            "@monthly" => "0 0 1 * *",
            "@weekly" => "0 0 * * 0",
            "@daily" | "@midnight" => "0 0 * * *",
            "@hourly" => "0 * * * *",
            name if name.starts_with('@') => return Err(ScheduleError::Macro(name.to_owned())),
            fields => fields,
        };
        let calendar = Calendar::parse(fields)?;
        Ok(Self {
            kind: Kind::Calendar { calendar, zone },
            text: text.into(),
        })
    }

    /// How it is written, without its zone.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The name of the zone its times are meant in; none for an interval, and for a zone without a name.
    pub fn zone(&self) -> Option<&str> {
        match &self.kind {
            Kind::Calendar { zone, .. } => zone.iana_name(),
            Kind::Every(_) => None,
        }
    }

    /// What a few words say of it exactly; none if it takes more.
    pub fn plain(&self) -> Option<PlainSchedule> {
        match &self.kind {
            Kind::Calendar { calendar, .. } => PlainSchedule::of(calendar),
            Kind::Every(secs) => u64::try_from(*secs).ok().map(PlainSchedule::Every),
        }
    }

    /// A part of it whose step is so large that only the first value is left, such as `*/90` for minutes: whoever
    /// wrote it expects something else.
    pub fn idle_step(&self) -> Option<&str> {
        match &self.kind {
            Kind::Calendar { calendar, .. } => calendar.idle_step(),
            Kind::Every(_) => None,
        }
    }

    /// Whether it is an interval, which counts from a moment and not by the clock on the wall.
    pub(crate) fn is_interval(&self) -> bool {
        matches!(self.kind, Kind::Every(_))
    }

    /// The first tick after `moment`; that of an interval is counted from it. None if there will never be any.
    pub fn next_after(&self, moment: Timestamp) -> Option<Timestamp> {
        match &self.kind {
            Kind::Calendar { calendar, zone } => {
                let secs = moment.as_micros().div_euclid(MICROS_PER_SEC) + 1;
                let from = jiff::Timestamp::from_second(secs).ok()?;
                let tick = zoned::first_from(calendar, zone, from)?;
                Some(Timestamp::from_micros(tick.as_microsecond()))
            }
            Kind::Every(secs) => Some(moment.plus_secs(*secs)).filter(|tick| *tick > moment),
        }
    }

    /// Settles `tick` and those that follow it up to `now`: they are one run.
    pub(crate) fn settle(&self, tick: Timestamp, now: Timestamp) -> Settled {
        match &self.kind {
            Kind::Calendar { .. } => {
                let next = self.next_after(tick);
                if next.is_none_or(|next| next > now) {
                    return Settled { done: tick, next };
                }
                Settled {
                    done: now,
                    next: self.next_after(now),
                }
            }
            Kind::Every(secs) => {
                let late_secs = i64::try_from(now.since(tick).as_secs()).unwrap_or(i64::MAX);
                let done = tick.plus_secs(late_secs - late_secs % secs);
                Settled {
                    done,
                    next: self.next_after(done),
                }
            }
        }
    }
}

fn parse_interval(text: &str) -> Result<i64, ScheduleError> {
    const NANOS_PER_SEC: i64 = 1_000_000_000;
    let nanos = text.parse::<GoDuration>()?.as_nanos();
    if nanos < NANOS_PER_SEC || nanos % NANOS_PER_SEC != 0 {
        return Err(ScheduleError::Interval(text.to_owned()));
    }
    Ok(nanos / NANOS_PER_SEC)
}

#[cfg(test)]
mod tests;
