//! Durations as Go writes them, with days and weeks: `1h30m`, `1.5s`, `300ms`, `180d`.

use std::str::FromStr;
use std::time::Duration;

use crate::error::echo;

/// A duration read from Go's notation, in which it may also have days and weeks, to the nanosecond. It may be negative: callers say whether they take that.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct GoDuration {
    nanos: i64,
}

/// Why a text is not a [`GoDuration`]. The texts repeat at most the beginning of what was given.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DurationError {
    /// There is no number where one belongs.
    #[error("\"{0}\" is not a duration: write numbers with units, such as \"1h30m\" or \"1.5s\"")]
    NotADuration(String),
    /// A number stands without a unit.
    #[error("\"{0}\" is not a duration: a number lacks its unit ({UNIT_NAMES})")]
    MissingUnit(String),
    /// A number stands with a unit that there is not.
    #[error("\"{text}\" is not a duration: unknown unit \"{unit}\" (there are {UNIT_NAMES})")]
    UnknownUnit {
        /// The text.
        text: String,
        /// The unit.
        unit: String,
    },
    /// It does not fit into 64 bits of nanoseconds.
    #[error("\"{0}\" is too long a duration: about 292 years is the most")]
    TooLong(String),
}

/// The units, with their nanoseconds. Both Unicode signs for micro are taken.
const UNITS: [(&str, u64); 10] = [
    ("ns", 1),
    ("us", 1_000),
    ("\u{b5}s", 1_000),
    ("\u{3bc}s", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 24 * 3_600_000_000_000),
    ("w", 7 * 24 * 3_600_000_000_000),
];
const UNIT_NAMES: &str = "ns, us, ms, s, m, h, d, w";

/// The longest negative duration, in nanoseconds. The longest positive one is one shorter.
const NANOS_MAX: u64 = 1 << 63;

impl GoDuration {
    /// The duration in nanoseconds.
    pub fn as_nanos(self) -> i64 {
        self.nanos
    }

    /// The duration as the standard library has it. None if it is negative.
    pub fn to_std(self) -> Option<Duration> {
        u64::try_from(self.nanos).ok().map(Duration::from_nanos)
    }
}

impl FromStr for GoDuration {
    type Err = DurationError;

    /// Reads what Go's `time.ParseDuration` reads, and days of 24 hours and weeks: a sign, then numbers with a unit each,
    /// with a fraction or without; a bare `0` needs no unit.
    fn from_str(text: &str) -> Result<Self, DurationError> {
        let (negative, mut rest) = match text.strip_prefix('-') {
            Some(rest) => (true, rest),
            None => (false, text.strip_prefix('+').unwrap_or(text)),
        };
        if rest == "0" {
            return Ok(Self::default());
        }
        if rest.is_empty() {
            return Err(DurationError::NotADuration(echo(text.as_bytes())));
        }
        let mut sum: u64 = 0;
        while !rest.is_empty() {
            let nanos;
            (nanos, rest) = read_part(text, rest)?;
            sum = sum
                .checked_add(nanos)
                .filter(|sum| *sum <= NANOS_MAX)
                .ok_or_else(|| too_long(text))?;
        }
        let nanos = if negative {
            0_i64.checked_sub_unsigned(sum)
        } else {
            i64::try_from(sum).ok()
        };
        let nanos = nanos.ok_or_else(|| too_long(text))?;
        Ok(Self { nanos })
    }
}

/// Reads one number and its unit: its nanoseconds and what follows it.
fn read_part<'a>(text: &str, rest: &'a str) -> Result<(u64, &'a str), DurationError> {
    let (whole, after) = split_digits(rest);
    let (fraction, after) = match after.strip_prefix('.') {
        Some(after) => split_digits(after),
        None => ("", after),
    };
    if whole.is_empty() && fraction.is_empty() {
        return Err(DurationError::NotADuration(echo(text.as_bytes())));
    }
    let unit_end = after
        .find(|c: char| c == '.' || c.is_ascii_digit())
        .unwrap_or(after.len());
    let (unit, after) = after.split_at(unit_end);
    if unit.is_empty() {
        return Err(DurationError::MissingUnit(echo(text.as_bytes())));
    }
    let Some((_, unit_nanos)) = UNITS.iter().find(|(name, _)| *name == unit) else {
        return Err(DurationError::UnknownUnit {
            text: echo(text.as_bytes()),
            unit: echo(unit.as_bytes()),
        });
    };
    let whole_nanos = match whole {
        "" => Some(0),
        digits => digits.parse().ok(),
    }
    .and_then(|whole: u64| whole.checked_mul(*unit_nanos))
    .ok_or_else(|| too_long(text))?;
    // At most one unit more, which is far below the end of the type.
    let nanos = whole_nanos.saturating_add(fraction_nanos(fraction, *unit_nanos));
    Ok((nanos, after))
}

fn split_digits(text: &str) -> (&str, &str) {
    let end = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    text.split_at(end)
}

/// The nanoseconds of a fraction of a unit, computed in floating point and cut as Go does it, so that
/// `0.3333333333333333333h` is 20 minutes.
fn fraction_nanos(digits: &str, unit_nanos: u64) -> u64 {
    let (mut value, mut scale) = (0_u64, 1.0);
    for digit in digits.bytes() {
        let next = value
            .checked_mul(10)
            .and_then(|value| value.checked_add(u64::from(digit - b'0')));
        match next.filter(|next| *next <= NANOS_MAX) {
            Some(next) => value = next,
            None => break,
        }
        scale *= 10.0;
    }
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "positive, at most one unit, and meant to be cut"
    )]
    let nanos = (value as f64 * (unit_nanos as f64 / scale)) as u64;
    nanos
}

fn too_long(text: &str) -> DurationError {
    DurationError::TooLong(echo(text.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    const SEC: i64 = 1_000_000_000;
    const MIN: i64 = 60 * SEC;
    const HOUR: i64 = 60 * MIN;

    fn nanos(text: &str) -> Result<i64, DurationError> {
        text.parse().map(GoDuration::as_nanos)
    }

    #[test]
    fn durations_are_read_as_go_reads_them() {
        let cases = [
            ("0", 0),
            ("+0", 0),
            ("-0", 0),
            ("0s", 0),
            ("5s", 5 * SEC),
            ("-2s", -2 * SEC),
            ("+5s", 5 * SEC),
            ("1478s", 1478 * SEC),
            ("5.s", 5 * SEC),
            (".5s", SEC / 2),
            ("1.004s", SEC + 4_000_000),
            ("1.0040s", SEC + 4_000_000),
            ("100.00100s", 100 * SEC + 1_000_000),
            ("10ns", 10),
            ("11us", 11_000),
            ("12\u{b5}s", 12_000),
            ("12\u{3bc}s", 12_000),
            ("300ms", 300_000_000),
            ("14s", 14 * SEC),
            ("15m", 15 * MIN),
            ("16h", 16 * HOUR),
            ("1h30m", HOUR + 30 * MIN),
            ("1.5h", HOUR + 30 * MIN),
            ("10.5s4m", 4 * MIN + 10 * SEC + SEC / 2),
            ("-2m3.4s", -(2 * MIN + 3 * SEC + 400_000_000)),
            (
                "1h2m3s4ms5us6ns",
                HOUR + 2 * MIN + 3 * SEC + 4_000_000 + 5_000 + 6,
            ),
            ("39h9m14.425s", 39 * HOUR + 9 * MIN + 14 * SEC + 425_000_000),
            ("52763797000ns", 52_763_797_000),
            ("0.9ns", 0),
            ("180d", 180 * 24 * HOUR),
            ("1d12h", 36 * HOUR),
            ("0.5d", 12 * HOUR),
            ("2w", 14 * 24 * HOUR),
        ];
        for (text, wanted) in cases {
            assert_eq!(nanos(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn fractions_are_cut_as_go_cuts_them() {
        let cases = [
            ("0.3333333333333333333h", 20 * MIN),
            ("0.100000000000000000000h", 6 * MIN),
            (
                "0.830103483285477580700h",
                49 * MIN + 48 * SEC + 372_539_827,
            ),
            ("9007199254.740993ms", 9_007_199_254_740_993),
        ];
        for (text, wanted) in cases {
            assert_eq!(nanos(text), Ok(wanted), "{text}");
        }
    }

    #[test]
    fn all_of_64_bits_is_read_and_no_more() {
        for text in [
            "9223372036854775807ns",
            "9223372036854775.807us",
            "9223372036s854ms775us807ns",
        ] {
            assert_eq!(nanos(text), Ok(i64::MAX), "{text}");
        }
        for text in ["-9223372036854775808ns", "-9223372036854775.808us"] {
            assert_eq!(nanos(text), Ok(i64::MIN), "{text}");
        }
        for text in [
            "9223372036854775808ns",
            "-9223372036854775809ns",
            "9223372036854775.808us",
            "9223372036854ms775us808ns",
            "99999999999999999999999h",
            "3000000h",
        ] {
            assert!(
                matches!(nanos(text), Err(DurationError::TooLong(_))),
                "{text}"
            );
        }
    }

    #[test]
    fn what_is_no_duration_says_why() {
        for text in [
            "", "-", "+", "s", ".", ".s", "-.s", "+.s", "--1s", " 1s", "h1s",
        ] {
            let error = nanos(text).unwrap_err();
            assert!(matches!(error, DurationError::NotADuration(_)), "{text}");
        }
        for text in ["3", "-3", "1.5", "1h30", "1.1.1s"] {
            let error = nanos(text).unwrap_err();
            assert!(matches!(error, DurationError::MissingUnit(_)), "{text}");
        }
        for (text, unit) in [
            ("1y", "y"),
            ("1day", "day"),
            ("1h 30m", "h "),
            ("1S", "S"),
            ("2min", "min"),
            ("1s-2s", "s-"),
        ] {
            let wanted = DurationError::UnknownUnit {
                text: text.to_owned(),
                unit: unit.to_owned(),
            };
            assert_eq!(nanos(text), Err(wanted), "{text}");
        }
        assert_eq!(
            nanos("1y").unwrap_err().to_string(),
            "\"1y\" is not a duration: unknown unit \"y\" (there are ns, us, ms, s, m, h, d, w)"
        );
    }

    #[test]
    fn an_error_repeats_only_the_beginning() {
        let long = "9".repeat(1_000_000);
        assert!(nanos(&long).unwrap_err().to_string().len() < 1000);
    }

    #[test]
    fn only_a_duration_that_is_not_negative_is_one_of_the_standard_library() {
        let std = |text: &str| text.parse::<GoDuration>().unwrap().to_std();
        assert_eq!(std("1.5s"), Some(Duration::from_millis(1500)));
        assert_eq!(std("0"), Some(Duration::ZERO));
        assert_eq!(std("-1ns"), None);
    }
}
