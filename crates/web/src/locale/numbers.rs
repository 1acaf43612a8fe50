//! Numbers as readers are used to: grouped, with their own sign for decimals.

use super::Language;

/// Narrow, and no line is broken at it.
const THIN_SPACE: &str = "\u{202f}";

impl Language {
    /// What stands between thousands.
    const fn group(self) -> &'static str {
        match self {
            Self::English | Self::Japanese | Self::Arabic => ",",
            Self::German => ".",
            Self::French | Self::Spanish => THIN_SPACE,
        }
    }

    /// A count.
    pub(crate) fn number(self, number: u64) -> String {
        let digits = number.to_string();
        // Spanish groups from five digits on.
        if matches!(self, Self::Spanish) && digits.len() <= 4 {
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
}
