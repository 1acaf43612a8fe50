//! Numbers of any size, exactly.

use std::cmp::Ordering;
use std::fmt;

/// Exponents beyond this are not read, so that arithmetic with them cannot overflow.
const EXPONENT_MAX: i64 = 1_000_000_000_000;

/// Zeros that are written out around the digits; beyond that an exponent is written.
const ZEROS_MAX: u64 = 20;

/// A decimal number, exactly as JSON says it: 0.`digits` times ten to the power of `exponent`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Number {
    is_negative: bool,
    /// Without zeros at either end; empty for zero.
    digits: String,
    /// 0 for zero.
    exponent: i64,
}

impl Number {
    /// Reads a number as JSON writes it. None if it is none, or its exponent is beyond reason.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (is_negative, unsigned) = match text.strip_prefix('-') {
            Some(unsigned) => (true, unsigned),
            None => (false, text),
        };
        let (mantissa, power) = match unsigned.split_once(['e', 'E']) {
            Some((mantissa, power)) => (mantissa, parse_power(power)?),
            None => (unsigned, 0),
        };
        let (whole, fraction) = match mantissa.split_once('.') {
            Some((whole, fraction)) if is_digits(fraction) => (whole, fraction),
            Some(_) => return None,
            None => (mantissa, ""),
        };
        if !is_digits(whole) || (whole.len() > 1 && whole.starts_with('0')) {
            return None;
        }
        let all = format!("{whole}{fraction}");
        let digits = all.trim_start_matches('0');
        let leading = all.len() - digits.len();
        let digits = digits.trim_end_matches('0');
        if digits.is_empty() {
            return Some(Self {
                is_negative: false,
                digits: String::new(),
                exponent: 0,
            });
        }
        let exponent = i64::try_from(whole.len()).ok()? - i64::try_from(leading).ok()? + power;
        Some(Self {
            is_negative,
            digits: digits.to_owned(),
            exponent,
        })
    }

    /// 1, 0 or -1.
    fn sign(&self) -> i8 {
        match (self.digits.is_empty(), self.is_negative) {
            (true, _) => 0,
            (false, true) => -1,
            (false, false) => 1,
        }
    }
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn parse_power(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    let power: i64 = is_digits(digits).then(|| text.parse().ok()).flatten()?;
    (-EXPONENT_MAX..=EXPONENT_MAX)
        .contains(&power)
        .then_some(power)
}

impl From<i64> for Number {
    fn from(number: i64) -> Self {
        let digits = number.unsigned_abs().to_string();
        let exponent = i64::try_from(digits.len()).unwrap_or_default();
        let digits = digits.trim_end_matches('0');
        Self {
            is_negative: number < 0,
            digits: digits.to_owned(),
            exponent: if digits.is_empty() { 0 } else { exponent },
        }
    }
}

impl Ord for Number {
    fn cmp(&self, other: &Self) -> Ordering {
        let magnitude = || {
            let exponents = self.exponent.cmp(&other.exponent);
            // Without zeros at their ends, digits behind the point are in the order of texts.
            exponents.then_with(|| self.digits.cmp(&other.digits))
        };
        self.sign()
            .cmp(&other.sign())
            .then_with(|| match self.sign() {
                0 => Ordering::Equal,
                1 => magnitude(),
                _ => magnitude().reverse(),
            })
    }
}

impl PartialOrd for Number {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.digits.is_empty() {
            return f.write_str("0");
        }
        if self.is_negative {
            f.write_str("-")?;
        }
        let before = usize::try_from(self.exponent).ok();
        if let Some((whole, fraction)) = before.and_then(|at| self.digits.split_at_checked(at)) {
            return match (whole, fraction) {
                ("", fraction) => write!(f, "0.{fraction}"),
                (whole, "") => f.write_str(whole),
                (whole, fraction) => write!(f, "{whole}.{fraction}"),
            };
        }
        let zeros = match before {
            Some(before) => before - self.digits.len(),
            None => usize::try_from(self.exponent.unsigned_abs()).unwrap_or(usize::MAX),
        };
        match (before, zeros as u64 <= ZEROS_MAX) {
            (Some(_), true) => write!(f, "{}{:0>zeros$}", self.digits, ""),
            (None, true) => write!(f, "0.{:0>zeros$}{}", "", self.digits),
            (_, false) => write!(f, "0.{}e{}", self.digits, self.exponent),
        }
    }
}
