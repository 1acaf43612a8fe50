//! Moments in time, to the microsecond.

use std::fmt;
use std::time::Duration;

/// A moment: microseconds since 1970-01-01T00:00:00Z. Arithmetic saturates.
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

    /// How long after `earlier` this is; zero if it is not after it.
    pub fn since(self, earlier: Self) -> Duration {
        let micros = self.0.saturating_sub(earlier.0);
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    /// Reads RFC 3339: a capital `T`, an optional fraction, `Z` or an offset. None if it is not that.
    pub fn parse_rfc3339(text: &str) -> Option<Self> {
        let bytes = text.as_bytes();
        let zoned = bytes.get(10) == Some(&b'T')
            && (text.ends_with('Z') || bytes.iter().skip(19).any(|b| matches!(b, b'+' | b'-')))
            && !text.contains('[');
        if !zoned {
            return None;
        }
        let parsed: jiff::Timestamp = text.parse().ok()?;
        Some(Self::from_micros(parsed.as_microsecond()))
    }
}

impl fmt::Display for Timestamp {
    /// RFC 3339 in UTC with as many digits of a second as it needs, as Go's `RFC3339Nano` writes it.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match jiff::Timestamp::from_microsecond(self.0) {
            Ok(timestamp) => timestamp.fmt(f),
            Err(_) => f.write_str("9999-12-31T23:59:59Z"),
        }
    }
}
