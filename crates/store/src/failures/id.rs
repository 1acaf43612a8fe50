//! The names of groups of failures.

use std::fmt;

/// Names a group of failures: what all of it have in common makes it, so it is the same after a group was forgotten. Less
/// than 2^63.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FailureId(pub u64);

impl FailureId {
    /// The group of all failures for which there is no room.
    pub const OTHERS: Self = Self(0);

    /// Reads the text of one: 16 hexadecimal digits.
    pub fn parse(text: &str) -> Option<Self> {
        let is_hex = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        let is_whole = text.len() == 16 && text.bytes().all(is_hex);
        let number = u64::from_str_radix(text, 16).ok();
        number.filter(|_| is_whole).map(Self)
    }
}

impl fmt::Display for FailureId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}
