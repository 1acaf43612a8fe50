//! A JSON value of any kind, one level of it, for whoever looks into what clients sent.

use std::borrow::Cow;

use serde_json::value::RawValue;

use super::{read_elements, read_members, text};

/// A JSON value, one level of it: what is inside is still text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum JsonShape<'a> {
    /// The elements of an array.
    Array(Vec<&'a str>),
    /// The members of an object in the order they were written, also of equal names.
    Object(Vec<(Cow<'a, str>, &'a str)>),
    /// What a string says.
    Text(Cow<'a, str>),
    /// A number as it was written, `true`, `false` or `null`.
    Plain(&'a str),
}

impl<'a> JsonShape<'a> {
    /// Reads a value. None if it is no JSON, as far as this level shows.
    pub fn read(json: &'a str) -> Option<Self> {
        let json = json.trim_matches([' ', '\t', '\r', '\n']);
        Some(match json.as_bytes().first()? {
            b'[' => {
                let mut elements = Vec::new();
                read_elements(json, "it", |element| elements.push(element.get())).ok()?;
                Self::Array(elements)
            }
            b'{' => {
                let mut members = Vec::new();
                let each = |key: &'a str, value: &'a RawValue| {
                    members.extend(text(key).map(|key| (key, value.get())));
                };
                read_members(json, &[], each).ok()?;
                Self::Object(members)
            }
            b'"' => Self::Text(text(json)?),
            _ => Self::Plain(json),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_level_of_a_value_is_read() {
        assert_eq!(
            JsonShape::read(" [1, \"a\",{\"b\":[2]} ] "),
            Some(JsonShape::Array(vec!["1", "\"a\"", "{\"b\":[2]}"]))
        );
        assert_eq!(
            JsonShape::read(r#"{"a":1,"\u0062":null,"a":[]}"#),
            Some(JsonShape::Object(vec![
                ("a".into(), "1"),
                ("b".into(), "null"),
                ("a".into(), "[]")
            ]))
        );
        assert_eq!(
            JsonShape::read(r#""na\u00efve \ud800""#),
            Some(JsonShape::Text("naïve \u{FFFD}".into()))
        );
        assert_eq!(
            JsonShape::read("12345678901234567890"),
            Some(JsonShape::Plain("12345678901234567890"))
        );
    }

    #[test]
    fn what_is_no_json_is_no_value() {
        for json in ["", " ", "[1", "[1] 2", "{\"a\"}", "\"a"] {
            assert_eq!(JsonShape::read(json), None, "{json}");
        }
    }
}
