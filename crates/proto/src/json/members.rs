//! Objects and arrays, one level of them, their values left as text.

use std::fmt;

use serde::de::{Deserializer as _, MapAccess, SeqAccess, Visitor};
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
