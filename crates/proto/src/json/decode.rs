//! Single values, out of their text.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserializer as _, Error, Visitor};
use serde_json::value::RawValue;

use super::{JsonError, read_elements};

/// The value as a string.
pub(crate) fn string<'a>(
    name: &'static str,
    value: Option<&'a RawValue>,
) -> Result<Option<Cow<'a, str>>, JsonError> {
    let wrong = JsonError::Type {
        name,
        wanted: "a string",
    };
    value
        .map(|value| text(value.get()).ok_or(wrong))
        .transpose()
}

/// The value as a whole number of 64 bits. As in Go, `1.0` and `1e3` are none.
pub(crate) fn integer(
    name: &'static str,
    value: Option<&RawValue>,
) -> Result<Option<i64>, JsonError> {
    let wrong = JsonError::Type {
        name,
        wanted: "a whole number of 64 bits",
    };
    value
        .map(|value| value.get().parse().map_err(|_| wrong))
        .transpose()
}

/// The first `count_max` strings of the value, which must be an array of strings. As in Go, null in it is
/// an empty string.
pub(crate) fn strings(
    name: &'static str,
    value: Option<&RawValue>,
    count_max: usize,
) -> Result<Option<Vec<String>>, JsonError> {
    let Some(value) = value else {
        return Ok(None);
    };
    let mut found = Vec::new();
    let mut wrong = false;
    read_elements(value.get(), name, |element| {
        match (element.get(), text(element.get())) {
            (_, Some(text)) if found.len() < count_max => found.push(text.into_owned()),
            ("null", _) if found.len() < count_max => found.push(String::new()),
            ("null", _) | (_, Some(_)) => {}
            (_, None) => wrong = true,
        }
    })?;
    if wrong {
        return Err(JsonError::Type {
            name,
            wanted: "an array of strings",
        });
    }
    Ok(Some(found))
}

/// What a JSON string says. None if the text, which must be one valid value, is no string.
pub(crate) fn text(raw: &str) -> Option<Cow<'_, str>> {
    let inner = raw.strip_prefix('"')?.strip_suffix('"')?;
    if memchr::memchr(b'\\', inner.as_bytes()).is_none() {
        return Some(Cow::Borrowed(inner));
    }
    Some(Cow::Owned(replace_surrogates(unescaped(raw)?)))
}

/// The bytes of a JSON string. They are UTF-8, but that every half of a surrogate pair without the other has the three
/// bytes that its code would have.
pub(super) fn unescaped(raw: &str) -> Option<Vec<u8>> {
    serde_json::Deserializer::from_str(raw)
        .deserialize_byte_buf(Unescaped)
        .ok()
}

/// Asks for a string as bytes: only so does serde_json accept the escape of half a surrogate pair.
struct Unescaped;

impl Visitor<'_> for Unescaped {
    type Value = Vec<u8>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a string")
    }

    fn visit_bytes<E: Error>(self, bytes: &[u8]) -> Result<Vec<u8>, E> {
        Ok(bytes.to_vec())
    }
}

/// Makes U+FFFD of every half of a surrogate pair, as Go does. Both take three bytes.
fn replace_surrogates(mut bytes: Vec<u8>) -> String {
    for index in 0..bytes.len() {
        if let Some(code @ [0xED, 0xA0..=0xBF, _]) = bytes.get_mut(index..index + 3) {
            code.copy_from_slice("\u{FFFD}".as_bytes());
        }
    }
    String::from_utf8(bytes)
        .unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn raw(json: &str) -> &RawValue {
        serde_json::from_str(json).unwrap()
    }

    #[test]
    fn strings_are_unescaped() {
        assert_eq!(text(r#""plain é""#).unwrap(), "plain é");
        assert_eq!(
            text(r#""\"\\\/\b\n\u00e9\ud83d\ude00""#).unwrap(),
            "\"\\/\u{8}\né😀"
        );
        for other in ["1", "null", "[]", "{}", "true"] {
            assert_eq!(text(other), None, "{other}");
        }
    }

    #[test]
    fn half_a_surrogate_pair_becomes_one_replacement_character() {
        assert_eq!(text(r#""a\ud800b""#).unwrap(), "a\u{FFFD}b");
        assert_eq!(text(r#""\udc00\ud800""#).unwrap(), "\u{FFFD}\u{FFFD}");
        assert_eq!(text(r#""\ud800\n""#).unwrap(), "\u{FFFD}\n");
    }

    #[test]
    fn unescaped_strings_are_not_copied() {
        assert!(matches!(text("\"abc\""), Some(Cow::Borrowed("abc"))));
    }

    #[test]
    fn only_whole_numbers_of_64_bits_are_integers() {
        for (json, number) in [
            ("0", 0),
            ("-0", 0),
            ("-7", -7),
            ("9223372036854775807", i64::MAX),
        ] {
            assert_eq!(integer("n", Some(raw(json))).unwrap(), Some(number));
        }
        for json in ["1.0", "1e2", "9223372036854775808", "\"1\"", "true", "[]"] {
            let error = integer("n", Some(raw(json))).unwrap_err();
            assert_eq!(
                error.to_string(),
                "n must be a whole number of 64 bits",
                "{json}"
            );
        }
    }

    #[test]
    fn no_more_strings_are_kept_than_wanted() {
        let read = |json, count_max| strings("s", Some(raw(json)), count_max).ok().flatten();
        assert_eq!(read(r#"["a",null,"\t","d"]"#, 3).unwrap(), ["a", "", "\t"]);
        assert_eq!(read("[]", 3).unwrap(), [""; 0]);
        assert_eq!(read(r#"["a",1]"#, 1), None);
        assert_eq!(read(r#""a""#, 1), None);
        assert!(strings("s", None, 1).unwrap().is_none());
    }
}
