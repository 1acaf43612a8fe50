//! What stands between two stars of a pattern.

use std::ops::RangeInclusive;

use memchr::memmem;

use crate::limits::GLOB_PART_BYTES_MAX;

/// What one byte of a text is held against.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// This byte.
    Byte(u8),
    /// `?`: any byte.
    AnyByte,
    /// `[…]`: a byte of one of the ranges, or of none of them.
    Class {
        negated: bool,
        ranges: Vec<RangeInclusive<u8>>,
    },
}

impl Token {
    fn matches(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::AnyByte => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|range| range.contains(&byte)) != *negated
            }
        }
    }
}

/// Tokens without a star: they match a text of exactly as many bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// These bytes.
    Literal(Vec<u8>),
    /// With `?` or classes among its tokens.
    Classes {
        /// The number of tokens, 1 to [`GLOB_PART_BYTES_MAX`].
        len: usize,
        /// For each byte, bit `i` tells whether the token with index `i` matches it.
        masks: Box<[u128; 256]>,
    },
}

impl Part {
    /// None if there are `?` or classes and more than [`GLOB_PART_BYTES_MAX`] tokens.
    pub(super) fn new(tokens: &[Token]) -> Option<Self> {
        let literal: Option<Vec<u8>> = tokens
            .iter()
            .map(|token| match token {
                Token::Byte(byte) => Some(*byte),
                Token::AnyByte | Token::Class { .. } => None,
            })
            .collect();
        if let Some(bytes) = literal {
            return Some(Self::Literal(bytes));
        }
        if tokens.len() > GLOB_PART_BYTES_MAX {
            return None;
        }
        let mut masks = Box::new([0; 256]);
        for (byte, mask) in (0..=u8::MAX).zip(masks.iter_mut()) {
            for (index, token) in tokens.iter().enumerate() {
                *mask |= u128::from(token.matches(byte)) << index;
            }
        }
        Some(Self::Classes {
            len: tokens.len(),
            masks,
        })
    }

    /// How many bytes it matches.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Literal(bytes) => bytes.len(),
            Self::Classes { len, .. } => *len,
        }
    }

    /// Whether it matches the whole text.
    pub(super) fn matches(&self, text: &[u8]) -> bool {
        text.len() == self.len() && self.find_end(text) == Some(text.len())
    }

    /// Where the first match in the text ends.
    pub(super) fn find_end(&self, text: &[u8]) -> Option<usize> {
        match self {
            Self::Literal(bytes) => memmem::find(text, bytes).map(|start| start + bytes.len()),
            Self::Classes { len, masks } => find_end_of_classes(*len, masks, text),
        }
    }
}

/// Follows all matches at the same time, a bit for each: bit `i` is set if the text so far ends with what the
/// tokens 0 to `i` match (the Shift-And algorithm). So a byte takes the same time whatever the tokens are.
fn find_end_of_classes(len: usize, masks: &[u128; 256], text: &[u8]) -> Option<usize> {
    let last = 1 << (len - 1);
    let mut begun: u128 = 0;
    for (index, byte) in text.iter().enumerate() {
        let mask = masks.get(usize::from(*byte)).copied().unwrap_or_default();
        begun = (begun << 1 | 1) & mask;
        if begun & last != 0 {
            return Some(index + 1);
        }
    }
    None
}
