//! What a queue may be called.

use crate::WireError;
use crate::error::echo;
use crate::limits::QUEUE_NAME_BYTES_MAX;

/// Refuses a name no queue can have: Faktory's rule and words, and a limit of our own.
pub fn check_queue_name(name: &str) -> Result<(), WireError> {
    if name.len() > QUEUE_NAME_BYTES_MAX {
        return Err(WireError::err(format!(
            "cannot get \"{}…\" queue: queue names may have at most {QUEUE_NAME_BYTES_MAX} bytes",
            echo(name.as_bytes())
        )));
    }
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
    if name.is_empty() || !name.bytes().all(allowed) {
        return Err(WireError::err(format!(
            "cannot get {:?} queue: queue names must match \\A[a-zA-Z0-9._-]+\\z",
            echo(name.as_bytes())
        )));
    }
    Ok(())
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
