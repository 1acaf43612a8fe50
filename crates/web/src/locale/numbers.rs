//! Numbers as readers are used to: grouped, with their own sign for decimals.

use super::Language;

/// Narrow, and no line is broken at it.
const THIN_SPACE: &str = "\u{202f}";

impl Language {
    /// What stands between thousands.
    pub(crate) const fn group(self) -> &'static str {
        match self {
            Self::English | Self::Japanese | Self::Arabic => ",",
            Self::German => ".",
            Self::French | Self::Spanish => THIN_SPACE,
        }
    }

    /// From how many digits on they are grouped.
    pub(crate) const fn digits_grouped_from(self) -> usize {
        match self {
            Self::Spanish => 5,
            _ => 4,
        }
    }

    /// What stands before tenths.
    const fn decimal(self) -> &'static str {
        match self {
            Self::English | Self::Japanese | Self::Arabic => ".",
            Self::German | Self::French | Self::Spanish => ",",
        }
    }

    /// A count.
    pub(crate) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        if digits.len() < self.digits_grouped_from() {
            return digits;
        }
        let mut grouped = String::with_capacity(digits.len() * 2);
        for (index, digit) in digits.chars().enumerate() {
            if index > 0 && (digits.len() - index).is_multiple_of(3) {
                grouped.push_str(self.group());
            }
            grouped.push(digit);
        }
        grouped
    }

    /// A measure that is not negative: below 10 with a tenth.
    pub(crate) fn measure(self, value: f64) -> String {
        let tenths = format!("{:.1}", value.max(0.0));
        match tenths.split_once('.') {
            Some((whole, tenth)) if whole.len() == 1 && tenth != "0" => {
                format!("{whole}{}{tenth}", self.decimal())
            }
            _ => self.number(format!("{:.0}", value.max(0.0)).parse().unwrap_or(u64::MAX)),
        }
    }

    /// So many bytes, by the largest unit that fits.
    pub(crate) fn bytes(self, bytes: u64) -> String {
        const UNITS: [&str; 5] = ["B", "KiB", "MiB", "GiB", "TiB"];
        let mut value = bytes as f64;
        let mut units = UNITS.into_iter();
        let mut unit = units.next().unwrap_or_default();
        while value >= 1024.0
            && let Some(next) = units.next()
        {
            value /= 1024.0;
            unit = next;
        }
        format!("{}\u{a0}{unit}", self.measure(value))
    }
}
