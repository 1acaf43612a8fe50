//! A whole pattern.

use super::part::{Part, Token};
use crate::WireError;
use crate::limits::{GLOB_BYTES_MAX, GLOB_PART_BYTES_MAX, GLOB_WILDCARDS_MAX};

/// A pattern over bytes that must match a whole text.
///
/// `*` stands for any bytes, `?` for any one byte, `[a-z_]` for one of a class, `[^a-z_]` for one outside of
/// it; a backslash takes the next byte literally. As in Redis, a class that is not closed ends with the
/// pattern, and a backslash at the end is literal.
///
/// Matching takes time in proportion to the length of the text plus that of the pattern, whatever both say:
/// no byte of the text is held against more than one part of the pattern at a time, and a part goes over it
/// once; 4 MiB take a few milliseconds. A pattern takes 4 KiB of memory for each of its parts with `?` or a
/// class, which are at most [`GLOB_WILDCARDS_MAX`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    /// What stands before the first star: the text begins with it.
    head: Part,
    /// None if there is no star: the text is the head.
    tail: Option<Tail>,
}

/// What follows the first star.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Tail {
    /// What stands between two stars, in this order in the text.
    middle: Vec<Part>,
    /// What stands after the last star: the text ends with it.
    end: Part,
}

impl Glob {
    /// Reads a pattern. Refuses one that exceeds [`GLOB_BYTES_MAX`], [`GLOB_WILDCARDS_MAX`] or
    /// [`GLOB_PART_BYTES_MAX`].
    pub fn new(pattern: &str) -> Result<Self, WireError> {
        if pattern.len() > GLOB_BYTES_MAX {
            return Err(WireError::err(format!(
                "a regexp may have at most {GLOB_BYTES_MAX} bytes: use a shorter one with *"
            )));
        }
        let pieces = parse(pattern.as_bytes());
        let wildcards = pieces.iter().flatten().filter(|token| is_wildcard(token));
        if wildcards.count() > GLOB_WILDCARDS_MAX {
            return Err(WireError::err(format!(
                "a regexp may have at most {GLOB_WILDCARDS_MAX} of ? and [...]: use * for some"
            )));
        }
        let parts = pieces.iter().map(|tokens| new_part(tokens));
        Ok(Self::of_parts(
            parts.collect::<Result<Vec<Part>, WireError>>()?,
        ))
    }

    /// A pattern of texts that stand for themselves, with a star between each two of them.
    pub fn of_literals<'a>(texts: impl IntoIterator<Item = &'a str>) -> Self {
        let parts = texts.into_iter();
        let parts = parts.map(|text| Part::Literal(text.as_bytes().to_vec()));
        Self::of_parts(parts.collect())
    }

    fn of_parts(parts: Vec<Part>) -> Self {
        let mut parts = parts.into_iter();
        let head = parts.next().unwrap_or_else(|| Part::Literal(Vec::new()));
        let mut middle: Vec<Part> = parts.collect();
        let tail = middle.pop().map(|end| {
            middle.retain(|part| part.len() > 0);
            Tail { middle, end }
        });
        Self { head, tail }
    }

    /// Whether the pattern matches the whole text. Takes time in proportion to the length of the text.
    pub fn matches(&self, text: &[u8]) -> bool {
        let Some(tail) = &self.tail else {
            return self.head.matches(text);
        };
        let Some((start, rest)) = text.split_at_checked(self.head.len()) else {
            return false;
        };
        let Some(end_index) = rest.len().checked_sub(tail.end.len()) else {
            return false;
        };
        let (mut rest, end) = rest.split_at(end_index);
        if !self.head.matches(start) || !tail.end.matches(end) {
            return false;
        }
        // The first match of a part leaves the most for the parts that follow: no other need be tried.
        for part in &tail.middle {
            match part.find_end(rest).and_then(|end| rest.get(end..)) {
                Some(after) => rest = after,
                None => return false,
            }
        }
        true
    }
}

fn is_wildcard(token: &Token) -> bool {
    !matches!(token, Token::Byte(_))
}

fn new_part(tokens: &[Token]) -> Result<Part, WireError> {
    Part::new(tokens).ok_or_else(|| {
        WireError::err(format!(
            "a part of a regexp with ? or [...] may match at most {GLOB_PART_BYTES_MAX} bytes: divide it by *"
        ))
    })
}

/// The tokens before, between and after the stars: one list more than there are stars.
fn parse(pattern: &[u8]) -> Vec<Vec<Token>> {
    let (mut pieces, mut tokens, mut rest) = (Vec::new(), Vec::new(), pattern);
    while let [byte, after @ ..] = rest {
        rest = after;
        tokens.push(match byte {
            b'*' => {
                pieces.push(std::mem::take(&mut tokens));
                continue;
            }
            b'?' => Token::AnyByte,
            b'[' => {
                let class;
                (class, rest) = parse_class(rest);
                class
            }
            b'\\' => match rest {
                [escaped, after @ ..] => {
                    rest = after;
                    Token::Byte(*escaped)
                }
                [] => Token::Byte(b'\\'),
            },
            byte => Token::Byte(*byte),
        });
    }
    pieces.push(tokens);
    pieces
}

/// Reads a class, its opening bracket already taken; gives back what follows it.
fn parse_class(pattern: &[u8]) -> (Token, &[u8]) {
    let (negated, mut rest) = match pattern {
        [b'^', rest @ ..] => (true, rest),
        _ => (false, pattern),
    };
    let mut ranges = Vec::new();
    loop {
        let range;
        (range, rest) = match rest {
            [] => break,
            [b'\\', byte, rest @ ..] => (*byte..=*byte, rest),
            [b']', after @ ..] => {
                rest = after;
                break;
            }
            [first, b'-', last, rest @ ..] => (*first.min(last)..=*first.max(last), rest),
            [byte, rest @ ..] => (*byte..=*byte, rest),
        };
        ranges.push(range);
    }
    (Token::Class { negated, ranges }, rest)
}
