//! The pattern of a MUTATE: Redis' glob.

use std::ops::RangeInclusive;

use crate::WireError;
use crate::limits::GLOB_BYTES_MAX;

/// A pattern over bytes that must match a whole text.
///
/// `*` stands for any bytes, `?` for any one byte, `[a-z_]` for one of a class, `[^a-z_]` for one outside of
/// it; a backslash takes the next byte literally. As in Redis, a class that is not closed ends with the
/// pattern, and a backslash at the end is literal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Glob {
    tokens: Vec<Token>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Token {
    Byte(u8),
    AnyByte,
    Class {
        negated: bool,
        ranges: Vec<RangeInclusive<u8>>,
    },
    AnyBytes,
}

impl Glob {
    /// Reads a pattern. Refuses one of more than [`GLOB_BYTES_MAX`] bytes.
    pub fn new(pattern: &str) -> Result<Self, WireError> {
        if pattern.len() > GLOB_BYTES_MAX {
            return Err(WireError::err(format!(
                "a regexp may have at most {GLOB_BYTES_MAX} bytes: use a shorter one with *"
            )));
        }
        let mut tokens = Vec::new();
        let mut rest = pattern.as_bytes();
        while let [byte, after @ ..] = rest {
            rest = after;
            tokens.push(match byte {
                b'*' if tokens.last() == Some(&Token::AnyBytes) => continue,
                b'*' => Token::AnyBytes,
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
        Ok(Self { tokens })
    }

    /// Whether the pattern matches the whole text. Takes at most time in proportion to the product of both
    /// lengths: only the last `*` is ever tried again.
    pub fn matches(&self, text: &[u8]) -> bool {
        let (mut token_index, mut text_index) = (0, 0);
        // Where to go on if what follows the last `*` turns out not to match.
        let mut retry: Option<(usize, usize)> = None;
        while let Some(&byte) = text.get(text_index) {
            match self.tokens.get(token_index) {
                Some(Token::AnyBytes) => {
                    token_index += 1;
                    retry = Some((token_index, text_index));
                }
                Some(token) if token.matches(byte) => {
                    token_index += 1;
                    text_index += 1;
                }
                _ => {
                    let Some((after_star, start)) = retry else {
                        return false;
                    };
                    let Some(next) = self.find_start(after_star, text, start + 1) else {
                        return false;
                    };
                    (token_index, text_index) = (after_star, next);
                    retry = Some((after_star, next));
                }
            }
        }
        let rest = self.tokens.get(token_index..).unwrap_or_default();
        rest.iter().all(|token| *token == Token::AnyBytes)
    }

    /// The first index at or after `from` where the token after a `*` can match, the text's end included if
    /// no token follows. Skips quickly over what cannot.
    fn find_start(&self, token_index: usize, text: &[u8], from: usize) -> Option<usize> {
        match self.tokens.get(token_index) {
            None => Some(text.len()),
            Some(Token::Byte(byte)) => {
                memchr::memchr(*byte, text.get(from..)?).map(|offset| from + offset)
            }
            Some(_) => (from <= text.len()).then_some(from),
        }
    }
}

impl Token {
    /// Whether this token, which is not `*`, matches the byte.
    fn matches(&self, byte: u8) -> bool {
        match self {
            Self::Byte(wanted) => *wanted == byte,
            Self::AnyByte => true,
            Self::Class { negated, ranges } => {
                ranges.iter().any(|range| range.contains(&byte)) != *negated
            }
            Self::AnyBytes => false,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, text: &str) -> bool {
        Glob::new(pattern).unwrap().matches(text.as_bytes())
    }

    #[test]
    fn a_pattern_matches_the_whole_text() {
        assert!(matches("abc", "abc"));
        assert!(!matches("abc", "abcd"));
        assert!(!matches("bcd", "abcd"));
        assert!(!matches("abc", "ab"));
        assert!(matches("", ""));
        assert!(!matches("", "a"));
    }

    #[test]
    fn a_star_stands_for_any_bytes() {
        for text in ["ab", "a-b", "abab", "a**b", "a\nb", "aéb"] {
            assert!(matches("a*b", text), "{text}");
        }
        assert!(!matches("a*b", "abc"));
        for text in ["", "a", "*"] {
            assert!(matches("*", text));
            assert!(matches("***", text));
        }
        assert!(matches("*ab*cd*", "xxabyabzcd"));
        assert!(!matches("*ab*cd*", "cdab"));
        assert!(matches("*aab", "aaaab"));
        assert!(matches("a*?", "ab"));
        assert!(!matches("a*?", "a"));
        assert!(!matches("*a", ""));
    }

    #[test]
    fn a_question_mark_stands_for_one_byte() {
        assert!(matches("a?c", "abc"));
        assert!(!matches("a?c", "ac"));
        assert!(matches("??", "é"));
    }

    #[test]
    fn a_class_stands_for_one_of_its_bytes() {
        assert!(matches("[abc]", "b"));
        assert!(!matches("[abc]", "d"));
        assert!(matches("x[a-c0-9]y", "x7y"));
        assert!(matches("[c-a]", "b"));
        assert!(matches("[^a-c]", "d"));
        assert!(!matches("[^a-c]", "b"));
        assert!(matches(r"[\]\-\^]", "]"));
        assert!(matches(r"[\]\-\^]", "-"));
        assert!(matches("[*]", "*"));
        assert!(!matches("[*]", "x"));
        assert!(matches("*[0-9][0-9]", "job 42"));
    }

    #[test]
    fn odd_classes_are_read_as_redis_reads_them() {
        assert!(matches("[ab", "b"));
        assert!(!matches("[]", "]"));
        assert!(matches("[^]", "x"));
        assert!(!matches("[", "["));
    }

    #[test]
    fn a_backslash_takes_the_next_byte_literally() {
        assert!(matches(r"\*\?\[\\", r"*?[\"));
        assert!(!matches(r"\*", "x"));
        assert!(matches(r"\a", "a"));
        assert!(matches("\\", "\\"));
    }

    #[test]
    fn patterns_of_clients_find_their_jobs() {
        let job = r#"{"retry":25,"jid":"12345678","jobtype":"order","args":["fizz"]}"#;
        assert!(matches(r#"*\"args\":\[\"fizz\"]*"#, job));
        assert!(matches(r#"*\"args\":\[\"fizz\"\]*"#, job));
        assert!(!matches(r#"*\"args\":\[\"buzz\"]*"#, job));
        // The bracket opens a class: as in Redis, it does not stand for itself.
        assert!(!matches(r#"*"args":["fizz"]*"#, job));
    }

    #[test]
    fn a_malicious_pattern_does_not_blow_up() {
        let pattern = "*a".repeat(GLOB_BYTES_MAX / 2 - 1) + "b";
        assert!(!matches(&pattern, &"a".repeat(100_000)));
        let pattern = "*?".repeat(GLOB_BYTES_MAX / 2 - 1) + "b";
        assert!(!matches(&pattern, &"a".repeat(10_000)));
    }

    #[test]
    fn a_pattern_has_a_limit() {
        assert!(Glob::new(&"a".repeat(GLOB_BYTES_MAX)).is_ok());
        assert!(Glob::new(&"a".repeat(GLOB_BYTES_MAX + 1)).is_err());
    }
}
