//! Objects and arrays, one level of them, their values left as text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{DeserializeSeed, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_json::value::RawValue;

use super::depth::check_depth;
use super::{JsonError, text};

/// Reads an object: the values of `names`, in their order, none where the value is null or absent.
///
/// Names match in any case; the last of equal ones wins. Every other member is given to `other`, its key as
/// it stands in the text, quotes included.
pub(crate) fn read_members<'a, const N: usize>(
    json: &'a str,
    names: &[&str; N],
    other: impl FnMut(&'a str, &'a RawValue),
) -> Result<[Option<&'a RawValue>; N], JsonError> {
    check_depth(json)?;
    if first_byte(json) != Some(b'{') {
        return Err(JsonError::Type {
            name: "it",
            wanted: "an object",
        });
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    let members = reader.deserialize_map(Members { names, other })?;
    reader.end()?;
    Ok(members)
}

/// Reads an array of objects, as [`read_members`] reads one, and gives each to `each` with what `other` has
/// gathered of its other members.
///
/// Fails also if an element is something else, which it does not tell from what is no JSON.
pub(crate) fn read_objects<'a, O: Default, const N: usize>(
    json: &'a str,
    names: &[&str; N],
    other: impl FnMut(&mut O, &'a str, &'a RawValue),
    each: impl FnMut([Option<&'a RawValue>; N], O),
) -> Result<(), JsonError> {
    check_depth(json)?;
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Objects {
        names,
        other: (other, PhantomData),
        each,
    })?;
    Ok(reader.end()?)
}

/// Reads an array and gives every element to `each`.
pub(crate) fn read_elements<'a>(
    json: &'a str,
    name: &'static str,
    each: impl FnMut(&'a RawValue),
) -> Result<(), JsonError> {
    check_depth(json)?;
    if first_byte(json) != Some(b'[') {
        return Err(JsonError::Type {
            name,
            wanted: "an array",
        });
    }
    let mut reader = serde_json::Deserializer::from_str(json);
    reader.deserialize_seq(Elements { each })?;
    Ok(reader.end()?)
}

/// The first byte that is no white space.
fn first_byte(json: &str) -> Option<u8> {
    json.bytes()
        .find(|byte| !matches!(byte, b' ' | b'\t' | b'\r' | b'\n'))
}

struct Members<'n, F, const N: usize> {
    names: &'n [&'n str; N],
    other: F,
}

impl<'a, F: FnMut(&'a str, &'a RawValue), const N: usize> Visitor<'a> for Members<'_, F, N> {
    type Value = [Option<&'a RawValue>; N];

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'a>>(mut self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = [None; N];
        while let Some((key, value)) = map.next_entry::<&'a RawValue, &'a RawValue>()? {
            let name = text(key.get()).unwrap_or_default();
            let index = self
                .names
                .iter()
                .position(|known| known.eq_ignore_ascii_case(&name));
            match index.and_then(|index| found.get_mut(index)) {
                Some(slot) => *slot = Some(value).filter(|value| value.get() != "null"),
                None => (self.other)(key.get(), value),
            }
        }
        Ok(found)
    }
}

impl<'a, F: FnMut(&'a str, &'a RawValue), const N: usize> DeserializeSeed<'a>
    for Members<'_, F, N>
{
    type Value = [Option<&'a RawValue>; N];

    fn deserialize<D: Deserializer<'a>>(self, object: D) -> Result<Self::Value, D::Error> {
        object.deserialize_map(self)
    }
}

struct Objects<'n, O, E, const N: usize> {
    names: &'n [&'n str; N],
    other: O,
    each: E,
}

impl<'a, G, O, E, const N: usize> Visitor<'a> for Objects<'_, (O, PhantomData<G>), E, N>
where
    G: Default,
    O: FnMut(&mut G, &'a str, &'a RawValue),
    E: FnMut([Option<&'a RawValue>; N], G),
{
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<(), A::Error> {
        loop {
            let mut others = G::default();
            let members = Members {
                names: self.names,
                other: |key, value| (self.other.0)(&mut others, key, value),
            };
            match seq.next_element_seed(members)? {
                Some(found) => (self.each)(found, others),
                None => return Ok(()),
            }
        }
    }
}

struct Elements<F> {
    each: F,
}

impl<'a, F: FnMut(&'a RawValue)> Visitor<'a> for Elements<F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'a>>(mut self, mut seq: A) -> Result<(), A::Error> {
        while let Some(element) = seq.next_element()? {
            (self.each)(element);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::limits::JSON_DEPTH_MAX;

    /// The values of `a` and `b`, and the other members.
    fn read(json: &str) -> Option<([Option<String>; 2], String)> {
        let mut others = String::new();
        let found = read_members(json, &["a", "b"], |key, value| {
            others += &format!("{key}={};", value.get());
        });
        Some((
            found
                .ok()?
                .map(|value| value.map(|value| value.get().to_owned())),
            others,
        ))
    }

    fn value(json: &str) -> Option<Option<String>> {
        read(json).map(|([a, _], _)| a)
    }

    fn elements(json: &str) -> Option<Vec<String>> {
        let mut found = Vec::new();
        read_elements(json, "it", |element| found.push(element.get().to_owned())).ok()?;
        Some(found)
    }

    #[test]
    fn members_come_by_name_and_the_rest_as_it_stands() {
        let (found, others) = read(r#" { "b" : [ 1 ] , "C\u0064" : "x" , "a" : 1e9 } "#).unwrap();
        assert_eq!(found, [Some("1e9".to_owned()), Some("[ 1 ]".to_owned())]);
        assert_eq!(others, r#""C\u0064"="x";"#);
    }

    #[test]
    fn names_match_in_any_case_and_escaped() {
        assert_eq!(value(r#"{"A":1}"#).unwrap().unwrap(), "1");
        assert_eq!(value(r#"{"\u0041":1}"#).unwrap().unwrap(), "1");
        assert_eq!(value(r#"{"\ud800":1}"#).unwrap(), None);
    }

    #[test]
    fn the_last_of_equal_names_wins() {
        assert_eq!(value(r#"{"a":1,"A":2}"#).unwrap().unwrap(), "2");
        assert_eq!(value(r#"{"a":1,"A":null}"#).unwrap(), None);
    }

    #[test]
    fn what_is_no_object_is_refused() {
        for json in [
            "", " ", "x", "[]", "1", "null", "{", "{}x", "{} {}", "{\"a\"}", "{a:1}",
        ] {
            assert!(read(json).is_none(), "{json}");
        }
        for json in [
            "{\"a\":01}",
            "{\"a\":\"\t\"}",
            "{\"a\":1,}",
            "{\"a\":\"\\x\"}",
            "{1:2}",
        ] {
            assert!(read(json).is_none(), "{json}");
        }
    }

    #[test]
    fn elements_come_in_order() {
        assert_eq!(elements(" [ 1, {} ,null] ").unwrap(), ["1", "{}", "null"]);
        assert_eq!(elements("[]").unwrap(), [""; 0]);
        for json in ["", "{}", "[1", "[1,]", "[] 1", "[1 2]"] {
            assert_eq!(elements(json), None, "{json}");
        }
    }

    #[test]
    fn deep_json_is_read_without_a_deep_stack() {
        let nested = |depth| "[".repeat(depth) + &"]".repeat(depth);
        let read_nested = move |depth| value(&format!("{{\"a\":{}}}", nested(depth)));
        let small_stack = std::thread::Builder::new().stack_size(64 * 1024);
        let thread = small_stack.spawn(move || {
            assert!(read_nested(JSON_DEPTH_MAX - 1).is_some());
            assert!(read_nested(JSON_DEPTH_MAX).is_none());
            assert!(elements(&nested(JSON_DEPTH_MAX)).is_some());
            assert!(elements(&nested(JSON_DEPTH_MAX + 1)).is_none());
        });
        thread.unwrap().join().unwrap();
    }
}
