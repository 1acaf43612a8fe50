//! Members of an object, replaced in its text.

use super::{read_members, text, write_string};

/// The object with these members, of which none was there before or will be there twice: those with one of the names
/// are removed, those with a value added at the end. Every other member stays the text it was.
///
/// The object must be valid, the values JSON.
pub(crate) fn replace_members(object: &str, changes: &[(&str, Option<&str>)]) -> String {
    let mut out = b"{".to_vec();
    let kept = |key: &str| {
        let key = text(key).unwrap_or_default();
        changes.iter().all(|(name, _)| *name != key)
    };
    let read = read_members(object, &[], |key, value| {
        if kept(key) {
            start_member(&mut out, |out| out.extend_from_slice(key.as_bytes()));
            out.extend_from_slice(value.get().as_bytes());
        }
    });
    debug_assert!(read.is_ok(), "{object} is no object");
    for (name, value) in changes {
        if let Some(value) = value {
            start_member(&mut out, |out| write_string(out, name));
            out.extend_from_slice(value.as_bytes());
        }
    }
    out.push(b'}');
    String::from_utf8_lossy(&out).into_owned()
}

fn start_member(out: &mut Vec<u8>, write_key: impl FnOnce(&mut Vec<u8>)) {
    if out.len() > 1 {
        out.push(b',');
    }
    write_key(out);
    out.push(b':');
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_members_keep_their_text_and_order() {
        let object =
            r#"{ "z" : 12345678901234567890.0 , "b":1, "\u0041":{"y": 1,"b" : 2},"é":"\/" }"#;
        assert_eq!(
            replace_members(object, &[("b", Some("[2]")), ("c", Some("3")), ("d", None)]),
            r#"{"z":12345678901234567890.0,"\u0041":{"y": 1,"b" : 2},"é":"\/","b":[2],"c":3}"#
        );
    }

    #[test]
    fn names_are_found_in_every_spelling_and_in_exactly_their_case() {
        let object = r#"{"b":1,"\u0062":2,"B":3,"bb":4}"#;
        assert_eq!(replace_members(object, &[("b", None)]), r#"{"B":3,"bb":4}"#);
    }

    #[test]
    fn an_object_may_be_or_become_empty() {
        assert_eq!(replace_members("{}", &[("a", Some("1"))]), r#"{"a":1}"#);
        assert_eq!(replace_members(r#" {"a":1} "#, &[("a", None)]), "{}");
    }
}
