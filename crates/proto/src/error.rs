//! The error a client sees.

use std::fmt;

use crate::limits::{ECHO_BYTES_MAX, ERROR_TEXT_BYTES_MAX};

/// An error as it goes over the wire: `-CODE text`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WireError {
    /// What kind of error it is.
    pub code: ErrorCode,
    /// What was wrong, on one line.
    pub text: String,
}

/// The kinds of errors. Some clients fail on any other code, so there must be no more of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ErrorCode {
    /// Anything but the others.
    Err,
    /// A unique job was refused because there is one like it.
    NotUnique,
}

impl WireError {
    /// An error with code `ERR`. Control characters of the text become spaces, so that it is one line, and it
    /// is cut at [`ERROR_TEXT_BYTES_MAX`], between two characters.
    pub fn err(text: impl Into<String>) -> Self {
        let mut text = text.into();
        cut(&mut text, ERROR_TEXT_BYTES_MAX);
        if text.contains(char::is_control) {
            text = text.replace(char::is_control, " ");
        }
        Self {
            code: ErrorCode::Err,
            text,
        }
    }
}

impl WireError {
    /// Faktory's answer to a batch that it does not know, as it was until 1.9.1: the Rust client compares the text. Later
    /// ones write it in lower case, which no client is known to look for.
    pub fn no_such_batch(bid: &str) -> Self {
        Self::err(format!("No such batch {}", echo(bid.as_bytes())))
    }
}

impl ErrorCode {
    /// The code on the wire.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Err => "ERR",
            Self::NotUnique => "NOTUNIQUE",
        }
    }
}

impl fmt::Display for WireError {
    /// The text, with the code in front of it unless that is `ERR`: the form of an entry in PUSHB's answer.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            ErrorCode::Err => f.write_str(&self.text),
            ErrorCode::NotUnique => write!(f, "{} {}", self.code.as_str(), self.text),
        }
    }
}

impl std::error::Error for WireError {}

/// Cuts a text so that it has at most this many bytes, between two characters.
pub(crate) fn cut(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
}

/// Refuses a text with more bytes than it may have.
pub(crate) fn too_long(name: &str, bytes_max: usize) -> WireError {
    WireError::err(format!(
        "a {name} may have at most {bytes_max} bytes: send a shorter one"
    ))
}

/// What a client sent, made fit to be repeated in an error text: at most [`ECHO_BYTES_MAX`] bytes of it.
pub(crate) fn echo(data: &[u8]) -> String {
    let head = data.get(..ECHO_BYTES_MAX).unwrap_or(data);
    let mut text = String::from_utf8_lossy(head).into_owned();
    cut(&mut text, ECHO_BYTES_MAX);
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_text_is_one_line() {
        assert_eq!(WireError::err("a\r\nb\0\tc\u{85}d").text, "a  b  c d");
    }

    #[test]
    fn a_long_error_text_is_cut_between_characters() {
        let text = WireError::err("é".repeat(ERROR_TEXT_BYTES_MAX)).text;
        assert_eq!(text, "é".repeat(ERROR_TEXT_BYTES_MAX / 2));
        let text = WireError::err(format!("a{}", "é".repeat(ERROR_TEXT_BYTES_MAX))).text;
        assert_eq!(text.len(), ERROR_TEXT_BYTES_MAX - 1);
    }

    #[test]
    fn only_a_special_code_is_shown() {
        assert_eq!(WireError::err("missing JID").to_string(), "missing JID");
        let error = WireError {
            code: ErrorCode::NotUnique,
            text: "Job not unique".to_owned(),
        };
        assert_eq!(error.to_string(), "NOTUNIQUE Job not unique");
    }

    #[test]
    fn an_echo_of_broken_text_keeps_its_limit() {
        assert_eq!(echo(b"abc"), "abc");
        let broken = echo(&[0xFF; 1000]);
        assert!(broken.len() <= ECHO_BYTES_MAX && broken.chars().all(|c| c == '\u{FFFD}'));
    }
}
