//! Moments, as people write them.

use std::fmt::{self, Write as _};

use workmill_proto::Timestamp;

use super::range::{Comparison, Range};

/// A moment of a query.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Moment {
    /// An exact one.
    Exact(Timestamp),
    /// A whole day, in UTC: its first moment.
    Day(Timestamp),
    /// So many seconds from now; negative if it is past.
    FromNow(i64),
}

const MICROS_PER_SEC: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SEC;

/// A thousand years: what is further away is no moment that anybody means.
const FROM_NOW_SECS_MAX: i64 = 1_000 * 365 * 86_400;

/// The units of a time from now, the longest first; the first of equal length is the one that is written.
const UNITS: [(char, i64); 5] = [
    ('d', 86_400),
    ('h', 3_600),
    ('m', 60),
    ('s', 1),
    ('w', 7 * 86_400),
];

impl Moment {
    /// Reads RFC 3339, a date, `now`, or a time from now like `-1h30m`. None if it is none of them.
    pub(super) fn parse(text: &str) -> Option<Self> {
        if text.eq_ignore_ascii_case("now") {
            return Some(Self::FromNow(0));
        }
        if let Some(exact) = Timestamp::parse_rfc3339(text) {
            return Some(Self::Exact(exact));
        }
        if text.len() == "2026-01-31".len() {
            let midnight = format!("{text}T00:00:00Z");
            return Timestamp::parse_rfc3339(&midnight).map(Self::Day);
        }
        parse_from_now(text).map(Self::FromNow)
    }

    /// Its first and its last moment, in microseconds.
    fn resolve(self, now: Timestamp) -> (i64, i64) {
        match self {
            Self::Exact(moment) => (moment.as_micros(), moment.as_micros()),
            Self::Day(start) => {
                let start = start.as_micros();
                (start, start + (MICROS_PER_DAY - 1))
            }
            Self::FromNow(secs) => {
                let moment = now.plus_secs(secs).as_micros();
                (moment, moment)
            }
        }
    }

    /// What is meant by the moment alone, in microseconds: a day, the second if no part of it is written, and from now all
    /// the time between.
    fn span(self, now: Timestamp) -> (i64, i64) {
        let (first, last) = self.resolve(now);
        match self {
            Self::Day(_) => (first, last),
            Self::Exact(_) if first.rem_euclid(MICROS_PER_SEC) == 0 => {
                (first, first + (MICROS_PER_SEC - 1))
            }
            Self::Exact(_) => (first, last),
            Self::FromNow(_) => (first.min(now.as_micros()), last.max(now.as_micros())),
        }
    }
}

impl Range<Moment> {
    pub(super) fn contains(&self, moment: Timestamp, now: Timestamp) -> bool {
        let at = moment.as_micros();
        match self {
            Self::Compared(comparison, wanted) => {
                let (first, last) = wanted.resolve(now);
                match comparison {
                    Comparison::Equal => {
                        let (first, last) = wanted.span(now);
                        (first..=last).contains(&at)
                    }
                    Comparison::Less => at < first,
                    Comparison::LessOrEqual => at <= last,
                    Comparison::Greater => at > last,
                    Comparison::GreaterOrEqual => at >= first,
                }
            }
            Self::Between(from, to) => {
                from.is_none_or(|from| at >= from.resolve(now).0)
                    && to.is_none_or(|to| at <= to.resolve(now).1)
            }
        }
    }
}

/// Seconds: a sign, and numbers with units.
fn parse_from_now(text: &str) -> Option<i64> {
    let (sign, mut rest) = match text.strip_prefix('-') {
        Some(rest) => (-1, rest),
        None => (1, text.strip_prefix('+').unwrap_or(text)),
    };
    let mut secs = 0_i64;
    if rest.is_empty() {
        return None;
    }
    while !rest.is_empty() {
        let end = rest.find(|c: char| !c.is_ascii_digit())?;
        let (number, after) = rest.split_at_checked(end)?;
        let unit = after.chars().next()?;
        let (_, unit_secs) = UNITS.iter().find(|(name, _)| *name == unit)?;
        let part = number.parse::<i64>().ok()?.checked_mul(*unit_secs)?;
        secs = secs.checked_add(part)?;
        rest = after.get(unit.len_utf8()..)?;
    }
    (secs <= FROM_NOW_SECS_MAX).then_some(sign * secs)
}

impl fmt::Display for Moment {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exact(moment) => write!(f, "{moment}"),
            Self::Day(start) => {
                let text = start.to_string();
                f.write_str(text.split('T').next().unwrap_or_default())
            }
            Self::FromNow(0) => f.write_str("now"),
            Self::FromNow(secs) => {
                if *secs < 0 {
                    f.write_char('-')?;
                }
                let mut left = secs.unsigned_abs();
                for (unit, unit_secs) in UNITS {
                    let unit_secs = unit_secs.unsigned_abs();
                    let count = left / unit_secs;
                    left %= unit_secs;
                    if count > 0 {
                        write!(f, "{count}{unit}")?;
                    }
                }
                Ok(())
            }
        }
    }
}
