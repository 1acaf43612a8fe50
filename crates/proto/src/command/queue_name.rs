//! What a queue may be called.

use crate::WireError;
use crate::error::echo;
use crate::limits::QUEUE_NAME_BYTES_MAX;

/// Refuses a name no queue can have: Faktory's rule and words, and a limit of our own.
pub fn check_queue_name(name: &str) -> Result<(), WireError> {
    let Some(flaw) = queue_name_flaw(name) else {
        return Ok(());
    };
    let echo = echo(name.as_bytes());
    Err(WireError::err(match name.len() > QUEUE_NAME_BYTES_MAX {
        true => format!("cannot get \"{echo}...\" queue: {flaw}"),
        false => format!("cannot get {echo:?} queue: {flaw}"),
    }))
}

/// Why no queue can have this name: the rule it breaks. None if one can.
pub fn queue_name_flaw(name: &str) -> Option<String> {
    if name.len() > QUEUE_NAME_BYTES_MAX {
        return Some(format!(
            "queue names may have at most {QUEUE_NAME_BYTES_MAX} bytes"
        ));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Some("queue names must match \\A[a-zA-Z0-9._-]+\\z".to_owned());
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_letters_digits_dots_dashes_and_underscores_are_fine() {
        for name in [
            "default",
            "A.b_c-9",
            ".",
            "-",
            &"q".repeat(QUEUE_NAME_BYTES_MAX),
        ] {
            assert_eq!(check_queue_name(name), Ok(()));
        }
    }

    #[test]
    fn other_names_are_refused_in_faktorys_words() {
        for name in ["", "a b", "a/b", "é", "*", "a\n", "a:b"] {
            let text = check_queue_name(name).unwrap_err().text;
            let wanted =
                format!("cannot get {name:?} queue: queue names must match \\A[a-zA-Z0-9._-]+\\z");
            assert_eq!(text, wanted);
        }
    }

    #[test]
    fn a_long_name_is_refused_with_its_limit() {
        let text = check_queue_name(&"q".repeat(QUEUE_NAME_BYTES_MAX + 1))
            .unwrap_err()
            .text;
        assert!(
            text.ends_with("queue names may have at most 256 bytes"),
            "{text}"
        );
    }
}
