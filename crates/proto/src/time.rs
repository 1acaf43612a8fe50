//! Moments in time, to the microsecond: of the wall clock, and of the server's own.

mod iso8601;
mod rfc3339;
mod steady;

use std::fmt;
use std::time::Duration;

use jiff::civil::{DateTime, date};

pub(crate) use rfc3339::Rfc3339;
pub use steady::SteadyTime;

/// A moment of the wall clock: microseconds since 1970-01-01T00:00:00Z. Arithmetic saturates.
///
/// What people write down, and what they are shown. The clock can be set in both directions, so nothing that is to
/// last a while is measured by it: see [`SteadyTime`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Timestamp(i64);

const MICROS_PER_SEC: i64 = 1_000_000;
const MICROS_PER_DAY: i64 = 86_400 * MICROS_PER_SEC;

impl Timestamp {
    /// The last moment RFC 3339 can write: the end of the year 9999.
    pub const MAX: Self = Self(253_402_300_799_999_999);
    /// The first moment RFC 3339 can write: the start of the year 0.
    pub const MIN: Self = Self(-62_167_219_200_000_000);

    /// The moment this many microseconds after 1970-01-01T00:00:00Z, kept between MIN and MAX.
    pub fn from_micros(micros: i64) -> Self {
        Self(micros.clamp(Self::MIN.0, Self::MAX.0))
    }

    /// Microseconds since 1970-01-01T00:00:00Z.
    pub fn as_micros(self) -> i64 {
        self.0
    }

    /// Days since 1970-01-01, in UTC.
    pub fn utc_day(self) -> i64 {
        self.0.div_euclid(MICROS_PER_DAY)
    }

    /// The moment this many seconds later.
    pub fn plus_secs(self, secs: i64) -> Self {
        Self::from_micros(self.0.saturating_add(secs.saturating_mul(MICROS_PER_SEC)))
    }

    /// The moment this much later.
    pub fn plus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_add(micros))
    }

    /// The moment this much earlier.
    pub fn minus(self, duration: Duration) -> Self {
        let micros = i64::try_from(duration.as_micros()).unwrap_or(i64::MAX);
        Self::from_micros(self.0.saturating_sub(micros))
    }

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Reads RFC 3339: a capital `T`, an optional fraction, `Z` or an offset. None if it is not that.
    ///
    /// Takes what Go's `time.RFC3339` is meant to take, so offsets up to 24 hours and 60 minutes, and no
    /// leap seconds. Digits below a microsecond are dropped.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let (civil, rest) = text.split_at_checked(CIVIL_SHAPE.len())?;
        let shaped = civil
            .bytes()
            .zip(CIVIL_SHAPE.bytes())
            .all(|(byte, shape)| match shape {
                b'0' => byte.is_ascii_digit(),
                mark => byte == mark,
            });
        let leap_second = civil.ends_with(":60");
        if !shaped || leap_second {
            return None;
        }
        let datetime: DateTime = civil.parse().ok()?;
        let (fraction_micros, zone) = parse_fraction(rest)?;
        let local_secs = datetime.duration_since(EPOCH).as_secs();
        let secs = local_secs - parse_offset_secs(zone)?;
        Some(Self::from_micros(secs * MICROS_PER_SEC + fraction_micros))
    }
}

/// A date and a time as RFC 3339 writes it, any digit as 0.
const CIVIL_SHAPE: &str = "0000-00-00T00:00:00";

/// What timestamps count from.
const EPOCH: DateTime = date(1970, 1, 1).at(0, 0, 0, 0);

/// The microseconds of a fraction, if there is one, and what follows it.
fn parse_fraction(text: &str) -> Option<(i64, &str)> {
    let Some(text) = text.strip_prefix('.') else {
        return Some((0, text));
    };
    let end = text.find(|c: char| !c.is_ascii_digit())?;
    let (digits, zone) = text.split_at_checked(end)?;
    if digits.is_empty() {
        return None;
    }
    let micros = digits.bytes().chain(std::iter::repeat(b'0')).take(6);
    Some((
        micros.fold(0, |sum, digit| sum * 10 + i64::from(digit - b'0')),
        zone,
    ))
}

/// How far a zone is ahead of UTC, in seconds.
fn parse_offset_secs(zone: &str) -> Option<i64> {
    if zone == "Z" {
        return Some(0);
    }
    let (sign, clock) = match zone.split_at_checked(1)? {
        ("+", clock) => (1, clock),
        ("-", clock) => (-1, clock),
        _ => return None,
    };
    let (hours, minutes) = clock.split_once(':')?;
    let two_digits = |text: &str| {
        let digits = text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<i64>().ok()).flatten()
    };
    let (hours, minutes) = (two_digits(hours)?, two_digits(minutes)?);
    (hours <= 24 && minutes <= 60).then_some(sign * (hours * 3600 + minutes * 60))
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many digits of a second as it needs, as Go's `RFC3339Nano` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(Rfc3339::of(*self).as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn micros(text: &str) -> Option<i64> {
        Timestamp::parse_rfc3339(text).map(Timestamp::as_micros)
    }

    #[test]
    fn rfc3339_is_read_with_zulu_offset_and_fraction() {
        assert_eq!(micros("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(micros("1970-01-01T02:30:00+02:30"), Some(0));
        assert_eq!(micros("1969-12-31T23:00:00-01:00"), Some(0));
        assert_eq!(micros("1970-01-01T00:00:01.5Z"), Some(1_500_000));
        assert_eq!(
            micros("2026-11-23T22:14:05.123456789Z"),
            Some(1_795_472_045_123_456)
        );
        assert_eq!(micros("1969-12-31T23:59:59.25Z"), Some(-750_000));
        assert_eq!(
            micros("2024-02-29T00:00:00-00:00"),
            Some(1_709_164_800_000_000)
        );
        assert_eq!(micros("1970-01-02T00:00:00+24:00"), Some(0));
    }

    #[test]
    fn what_is_not_rfc3339_is_refused() {
        let texts = [
            "",
            "2026",
            "2026-11-23",
            "2026-11-23T22:14:05",
            "2026-11-23t22:14:05Z",
            "2026-11-23T22:14:05z",
            "2026-11-23 22:14:05Z",
            "2026-11-23T22:14Z",
            "2026-11-23T2:14:05Z",
            "2026-11-23T22:14:05,5Z",
            "2026-11-23T22:14:05.Z",
            "2026-11-23T22:14:05.5",
            "2026-11-23T22:14:60Z",
            "2026-11-23T24:00:00Z",
            "2026-02-29T00:00:00Z",
            "2026-13-01T00:00:00Z",
            "2026-11-23T22:14:05+0100",
            "2026-11-23T22:14:05+01",
            "2026-11-23T22:14:05+25:00",
            "2026-11-23T22:14:05+1:000",
            "2026-11-23T22:14:05Z[UTC]",
            "2026-11-23T22:14:05Z ",
            " 2026-11-23T22:14:05Z",
            "+02026-11-23T22:14:05Z",
            "2026-11-23T22:14:0\u{665}Z",
            "2026-11-23T22:14:05\u{2212}01:00",
        ];
        for text in texts {
            assert_eq!(micros(text), None, "{text}");
        }
    }

    #[test]
    fn times_are_written_with_as_many_digits_as_they_need() {
        let written = |micros| Timestamp::from_micros(micros).to_string();
        assert_eq!(written(0), "1970-01-01T00:00:00Z");
        assert_eq!(written(1_500_000), "1970-01-01T00:00:01.5Z");
        assert_eq!(
            written(1_795_472_045_123_456),
            "2026-11-23T22:14:05.123456Z"
        );
        assert_eq!(written(1_795_472_045_120_000), "2026-11-23T22:14:05.12Z");
        assert_eq!(written(-1), "1969-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::MAX.to_string(), "9999-12-31T23:59:59.999999Z");
        assert_eq!(Timestamp::MIN.to_string(), "0000-01-01T00:00:00Z");
    }

    #[test]
    fn the_ends_of_time_are_read_and_not_left() {
        for end in [Timestamp::MIN, Timestamp::MAX] {
            assert_eq!(Timestamp::parse_rfc3339(&end.to_string()), Some(end));
        }
        let beyond = Timestamp::parse_rfc3339("9999-12-31T23:59:59-23:00");
        assert_eq!(beyond, Some(Timestamp::MAX));
        assert_eq!(Timestamp::MAX.plus_secs(i64::MAX), Timestamp::MAX);
        assert_eq!(Timestamp::MIN.plus_secs(i64::MIN), Timestamp::MIN);
        assert_eq!(
            Timestamp::from_micros(5).plus(Duration::MAX),
            Timestamp::MAX
        );
    }

    #[test]
    fn time_since_a_later_moment_is_zero() {
        let (early, late) = (Timestamp::from_micros(3), Timestamp::from_micros(10));
        assert_eq!(late.since(early), Duration::from_micros(7));
        assert_eq!(early.since(late), Duration::ZERO);
    }

    #[test]
    fn days_before_1970_are_negative() {
        assert_eq!(Timestamp::from_micros(-1).utc_day(), -1);
        assert_eq!(Timestamp::from_micros(MICROS_PER_DAY).utc_day(), 1);
    }
}
