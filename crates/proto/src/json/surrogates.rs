//! Escapes of half a character.

use std::borrow::Cow;
use std::sync::LazyLock;

use memchr::memmem::Finder;

/// Bytes of an escape such as `\ud83d`.
const ESCAPE_BYTES: usize = 6;

static ESCAPE: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\\u"));

/// The same JSON with U+FFFD in place of every escape of half a surrogate pair, as Go writes it. Such escapes are no
/// text: many parsers refuse all of the JSON for one. Whole pairs stay the escapes they were.
///
/// The JSON must be valid. Where it has no escape of this kind, which is nearly always, it is looked through once, as
/// fast as memory allows, and not copied.
pub(crate) fn replace_lone_surrogates(json: &[u8]) -> Cow<'_, [u8]> {
    // A search for one byte is begun with far fewer instructions than one for two, and most texts are short.
    match memchr::memchr(b'\\', json) {
        None => Cow::Borrowed(json),
        Some(_) => replace_escapes(json),
    }
}

fn replace_escapes(json: &[u8]) -> Cow<'_, [u8]> {
    let mut found = LoneSurrogates { json, index: 0 }.peekable();
    if found.peek().is_none() {
        return Cow::Borrowed(json);
    }
    let mut out = Vec::with_capacity(json.len());
    let mut start = 0;
    for index in found {
        out.extend_from_slice(json.get(start..index).unwrap_or_default());
        out.extend_from_slice("\u{FFFD}".as_bytes());
        start = index + ESCAPE_BYTES;
    }
    out.extend_from_slice(json.get(start..).unwrap_or_default());
    Cow::Owned(out)
}

/// Where the escapes of halves without their other half begin.
struct LoneSurrogates<'a> {
    json: &'a [u8],
    /// Where to look on.
    index: usize,
}

impl Iterator for LoneSurrogates<'_> {
    type Item = usize;

    fn next(&mut self) -> Option<usize> {
        loop {
            let rest = self.json.get(self.index..)?;
            let found = self.index + ESCAPE.find(rest)?;
            self.index = found + 2;
            if is_escaped(self.json, found) {
                continue;
            }
            match code_unit(self.json, found) {
                Some(0xD800..=0xDBFF) => {
                    self.index = found + ESCAPE_BYTES;
                    match code_unit(self.json, self.index) {
                        Some(0xDC00..=0xDFFF) => self.index += ESCAPE_BYTES,
                        _ => return Some(found),
                    }
                }
                Some(0xDC00..=0xDFFF) => {
                    self.index = found + ESCAPE_BYTES;
                    return Some(found);
                }
                _ => {}
            }
        }
    }
}

/// Whether the backslash at `index` is itself escaped, by the one before it.
fn is_escaped(json: &[u8], index: usize) -> bool {
    let before = json.get(..index).unwrap_or_default();
    before
        .iter()
        .rev()
        .take_while(|&&byte| byte == b'\\')
        .count()
        % 2
        == 1
}

/// The code unit whose escape begins at `index`; none if there is none.
fn code_unit(json: &[u8], index: usize) -> Option<u16> {
    let escape = json.get(index..index + ESCAPE_BYTES)?;
    let digits = escape.strip_prefix(b"\\u")?;
    u16::from_str_radix(str::from_utf8(digits).ok()?, 16).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn replaced(json: &str) -> String {
        String::from_utf8(replace_lone_surrogates(json.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn every_half_becomes_one_replacement_character() {
        for (json, wanted) in [
            (r#""\ud83d""#, "\"\u{FFFD}\""),
            (r#""a\uD83Db""#, "\"a\u{FFFD}b\""),
            (r#""\udc00\ud83d""#, "\"\u{FFFD}\u{FFFD}\""),
            (r#""\ud83d\ud83d\ude00""#, "\"\u{FFFD}\\ud83d\\ude00\""),
            (r#""\ud83d\ude00\ude00""#, "\"\\ud83d\\ude00\u{FFFD}\""),
            (r#""\ud83d\n""#, "\"\u{FFFD}\\n\""),
            (r#""\ud83d\u0041""#, "\"\u{FFFD}\\u0041\""),
            (r#""\ud83d\\ude00""#, "\"\u{FFFD}\\\\ude00\""),
            (r#""\\\udfff""#, "\"\\\\\u{FFFD}\""),
            (
                r#"{"\ud800":["\udbff",{"\udc00":1}]}"#,
                "{\"\u{FFFD}\":[\"\u{FFFD}\",{\"\u{FFFD}\":1}]}",
            ),
        ] {
            assert_eq!(replaced(json), wanted, "{json}");
        }
    }

    #[test]
    fn what_is_valid_is_not_touched() {
        for json in [
            r#""plain é 😀""#,
            r#""\ud83d\ude00\uDBFF\uDFFF""#,
            r#""\\ud83d""#,
            r#""\\\\ud83d \\\\\\udc00""#,
            r#""\ud7ff\ue000\ufffd\u0000""#,
            r#""ud83d""#,
            "",
        ] {
            let same = replace_lone_surrogates(json.as_bytes());
            assert!(
                matches!(same, Cow::Borrowed(same) if same == json.as_bytes()),
                "{json}"
            );
        }
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        for text in ["\\u", "\\ud8", "\\ud83", "\\uzzzz", "\\u+123", "\\ud83d\\u"] {
            replace_lone_surrogates(text.as_bytes());
        }
    }
}
