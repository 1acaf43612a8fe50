//! JSON without white space.

use std::borrow::Cow;

/// The same JSON without insignificant white space. What is no JSON loses the white space outside of its
/// strings too.
pub fn compact_json(bytes: &[u8]) -> Cow<'_, [u8]> {
    let Some(first) = find_space(bytes, 0) else {
        return Cow::Borrowed(bytes);
    };
    let mut out = Vec::with_capacity(bytes.len());
    let (mut start, mut space) = (0, Some(first));
    while let Some(index) = space {
        out.extend_from_slice(bytes.get(start..index).unwrap_or_default());
        start = index + 1;
        space = find_space(bytes, start);
    }
    out.extend_from_slice(bytes.get(start..).unwrap_or_default());
    Cow::Owned(out)
}

/// The index of the first white space at or after `index` that is in no string; `index` is in none.
fn find_space(bytes: &[u8], mut index: usize) -> Option<usize> {
    loop {
        match bytes.get(index)? {
            b' ' | b'\t' | b'\r' | b'\n' => return Some(index),
            b'"' => index = string_end(bytes, index),
            _ => index += 1,
        }
    }
}

/// The index after the string that starts with the quote at `index`; the end if it does not end.
pub(super) fn string_end(bytes: &[u8], index: usize) -> usize {
    let mut index = index + 1;
    while let Some(offset) = memchr::memchr2(b'"', b'\\', bytes.get(index..).unwrap_or_default()) {
        let found = index + offset;
        if bytes.get(found) == Some(&b'"') {
            return found + 1;
        }
        index = found + 2;
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn compact(text: &str) -> String {
        String::from_utf8(compact_json(text.as_bytes()).into_owned()).unwrap()
    }

    #[test]
    fn white_space_outside_of_strings_is_removed() {
        assert_eq!(compact("{ \"a\" :\t[ 1 ,\r\n2 ] }\n"), r#"{"a":[1,2]}"#);
    }

    #[test]
    fn strings_stay_as_they_are() {
        for text in [r#"["a b\" c \\"," "]"#, r#"{" k ":"\\\" "}"#] {
            assert_eq!(compact(text), text);
        }
        assert_eq!(compact(r#"[ "a b\\" , "c d" ]"#), r#"["a b\\","c d"]"#);
    }

    #[test]
    fn compact_json_is_not_copied() {
        assert!(matches!(
            compact_json(br#"{"a b":[1,2]}"#),
            Cow::Borrowed(_)
        ));
    }

    #[test]
    fn what_is_no_json_does_no_harm() {
        assert_eq!(compact(r#"" a "#), r#"" a "#);
        assert_eq!(compact(r#" "\"#), r#""\"#);
        assert_eq!(compact(""), "");
    }
}
