//! What the text of an error has in common with those of other failures: all of it but numbers, ids and what is quoted.

use crate::limits::{FAILURE_PATTERN_BYTES_MAX, FAILURE_SCANNED_BYTES_MAX};

/// What stands for something that differs.
const VARIABLE: char = '\u{2026}';

/// From how many digits on hexadecimal ones are taken for an id.
const HEX_ID_MIN: usize = 6;

/// From how many letters and digits on a mixture of both is taken for an id.
const MIXED_ID_MIN: usize = 16;

/// How often letters and digits take turns in what is taken for an id.
const TURNS_OF_ID_MIN: usize = 3;

/// The text of an error without what differs from failure to failure; so long at most, in one line.
pub(super) fn pattern(message: &str) -> String {
    let end = message.floor_char_boundary(FAILURE_SCANNED_BYTES_MAX);
    let mut rest = message.get(..end).unwrap_or_default();
    let mut pattern = Pattern::default();
    while let Some(first) = rest.chars().next() {
        let opens = !pattern.ends_in_word;
        let length = if let Some(length) = opens.then(|| quoted(rest)).flatten() {
            pattern.push_variable();
            length
        } else if is_word(first) {
            let length = word_length(rest);
            pattern.push_word(rest.get(..length).unwrap_or_default());
            length
        } else {
            pattern.push_mark(first);
            first.len_utf8()
        };
        rest = rest.get(length..).unwrap_or_default();
    }
    let end = pattern.text.floor_char_boundary(FAILURE_PATTERN_BYTES_MAX);
    pattern.text.get(..end).unwrap_or_default().trim().into()
}

#[derive(Default)]
struct Pattern {
    text: String,
    /// Behind the last variable, if there is nothing but separators behind it.
    variable_end: Option<usize>,
    ends_in_word: bool,
}

impl Pattern {
    /// Variables that only separators are between are one: lists differ in length.
    fn push_variable(&mut self) {
        match self.variable_end {
            Some(end) => self.text.truncate(end),
            None => self.text.push(VARIABLE),
        }
        self.variable_end = Some(self.text.len());
        self.ends_in_word = false;
    }

    fn push_mark(&mut self, mark: char) {
        self.ends_in_word = false;
        if mark == VARIABLE {
            self.push_variable();
        } else if !(mark.is_whitespace() || mark.is_control()) {
            if !matches!(mark, ',' | ';' | ':' | '.' | '-' | '+' | '|') {
                self.variable_end = None;
            }
            self.text.push(mark);
        } else if !self.text.ends_with(' ') {
            self.text.push(' ');
        }
    }

    fn push_letters(&mut self, letters: &str) {
        self.variable_end = None;
        self.text.push_str(letters);
    }

    fn push_word(&mut self, word: &str) {
        if is_uuid(word) || word.contains('@') {
            self.push_variable();
        } else {
            for part in word.split_inclusive(is_joint) {
                let (part, joint) = match part.char_indices().next_back() {
                    Some((at, last)) if is_joint(last) => (part.split_at(at).0, Some(last)),
                    _ => (part, None),
                };
                self.push_part(part);
                joint.into_iter().for_each(|joint| self.push_mark(joint));
            }
        }
        self.ends_in_word = true;
    }

    /// Letters and digits without a joint.
    fn push_part(&mut self, part: &str) {
        if is_id(part) {
            return self.push_variable();
        }
        let mut rest = part;
        while let Some(first) = rest.chars().next() {
            let is_number = first.is_numeric();
            let end = rest.find(|c: char| c.is_numeric() != is_number);
            let (run, behind) = rest.split_at(end.unwrap_or(rest.len()));
            match is_number {
                true => self.push_variable(),
                false => self.push_letters(run),
            }
            rest = behind;
        }
    }
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// What holds parts of a word together: those of an address, a date, a version, a UUID.
fn is_joint(c: char) -> bool {
    matches!(c, '-' | '.' | ':' | '@' | '+')
}

/// How long the word is that a text begins with.
fn word_length(text: &str) -> usize {
    let mut chars = text.char_indices().peekable();
    while let Some((at, c)) = chars.next() {
        let mut joins = || is_joint(c) && chars.peek().is_some_and(|&(_, next)| is_word(next));
        if !is_word(c) && !joins() {
            return at;
        }
    }
    text.len()
}

/// Hexadecimal digits in groups.
fn is_uuid(word: &str) -> bool {
    let digits = word.bytes().filter(|&byte| byte != b'-');
    word.contains('-')
        && digits.clone().all(|byte| byte.is_ascii_hexdigit())
        && digits.clone().any(|byte| byte.is_ascii_digit())
        && digits.count() >= HEX_ID_MIN
}

/// A number, or an id that letters and digits are mixed in.
fn is_id(part: &str) -> bool {
    let hex = part.strip_prefix("0x").unwrap_or(part);
    let is_hex = !hex.is_empty() && hex.bytes().all(|byte| byte.is_ascii_hexdigit());
    let has_digits = part.chars().any(char::is_numeric);
    let is_address = hex.len() < part.len();
    if is_hex && (is_address || has_digits && hex.len() >= HEX_ID_MIN) {
        return true;
    }
    let chars = part.chars();
    let turns = chars
        .clone()
        .zip(chars.clone().skip(1))
        .filter(|(one, next)| one.is_numeric() != next.is_numeric())
        .count();
    has_digits && (chars.count() >= MIXED_ID_MIN || turns >= TURNS_OF_ID_MIN)
}

/// How long what is quoted at the beginning of a text is, with its quotes. A quote ends before what is no word: else it is an
/// apostrophe.
fn quoted(text: &str) -> Option<usize> {
    let open = text.chars().next()?;
    let closing: &[char] = match open {
        '"' => &['"'],
        '\'' => &['\''],
        '`' => &['`', '\''],
        '\u{201c}' => &['\u{201d}'],
        '\u{2018}' => &['\u{2019}'],
        '\u{ab}' => &['\u{bb}'],
        _ => return None,
    };
    let mut before = open;
    let mut chars = text.char_indices().skip(1).peekable();
    while let Some((at, c)) = chars.next() {
        let is_escaped = before == '\\';
        before = c;
        if closing.contains(&c)
            && !is_escaped
            && chars.peek().is_none_or(|&(_, next)| !is_word(next))
        {
            return Some(at + c.len_utf8());
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_differs_is_left_out() {
        for (message, expected) in [
            ("", ""),
            ("execution expired", "execution expired"),
            (
                "no answer from gateway within 30.5 s",
                "no answer from gateway within \u{2026} s",
            ),
            ("key not found: \"user\"", "key not found: \u{2026}"),
            (
                "undefined method `foo' for nil",
                "undefined method \u{2026} for nil",
            ),
            (
                "undefined method 'foo' for nil",
                "undefined method \u{2026} for nil",
            ),
            ("can't read: it isn't there", "can't read: it isn't there"),
            ("say \"a \\\" b\" twice", "say \u{2026} twice"),
            ("order 17 of 230", "order \u{2026} of \u{2026}"),
            ("user42 has no mail", "user\u{2026} has no mail"),
            (
                "job 3f2b1c9e-11ec-8d3d-a456-0242ac130003 lost",
                "job \u{2026} lost",
            ),
            ("job 8a6e0804ab1f2b3c4d5e6f70 lost", "job \u{2026} lost"),
            ("#<Order:0x00007f8b1c> is bad", "#<Order:\u{2026}> is bad"),
            (
                "mail to anna.b@example.com bounced",
                "mail to \u{2026} bounced",
            ),
            ("connect 10.0.0.7:6379 failed", "connect \u{2026} failed"),
            ("at 2026-11-29T20:33:00Z", "at \u{2026}T\u{2026}Z"),
            (
                "/srv/app/releases/20261129/a.rb:12: bad",
                "/srv/app/releases/\u{2026}/a.rb:\u{2026}: bad",
            ),
            ("ids 1, 2, 3 are gone", "ids \u{2026} are gone"),
            ("ids 1, 2 are gone", "ids \u{2026} are gone"),
            ("token x9Kf2LmQ is bad", "token \u{2026} is bad"),
            ("first\n\n  second\tthird", "first second third"),
            (
                "Net::OpenTimeout: deadbeef facade",
                "Net::OpenTimeout: deadbeef facade",
            ),
        ] {
            assert_eq!(pattern(message), expected, "{message}");
        }
    }

    #[test]
    fn a_pattern_is_short() {
        let long = "wort \u{e4}".repeat(10_000);
        let cut = pattern(&long);
        assert!(
            cut.len() <= FAILURE_PATTERN_BYTES_MAX && cut.len() > FAILURE_PATTERN_BYTES_MAX - 3
        );
    }

    proptest! {
        #[test]
        fn numbers_never_tell_failures_apart(
            words in "[ a-z/:,.'\"-]{0,20}", one in 0..u64::MAX, other in 0..u64::MAX,
        ) {
            let with = |number: u64| pattern(&format!("{words} {number} end"));
            prop_assert_eq!(with(one), with(other));
        }

        #[test]
        fn any_text_has_a_pattern_without_digits(text in any::<String>()) {
            prop_assert!(!pattern(&text).contains(char::is_numeric));
        }
    }
}
