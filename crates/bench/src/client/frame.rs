//! Replies, found in the bytes that came.

use std::ops::Range;

use anyhow::{Context as _, bail};

/// What a complete reply is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// `+` and a text.
    Line,
    /// `-` and why it was refused.
    Refusal,
    /// `$`, a length and that many bytes.
    Bulk,
    /// `$-1`: nothing.
    Nil,
}

/// One complete reply at the start of the bytes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Frame {
    pub(super) kind: Kind,
    /// Where its text is, without what marks and ends it.
    pub(super) body: Range<usize>,
    /// How many bytes the whole reply takes.
    pub(super) length: usize,
}

/// Reads one reply. None if it is not complete yet.
pub(super) fn read(bytes: &[u8]) -> anyhow::Result<Option<Frame>> {
    let Some(end) = memchr::memchr(b'\n', bytes) else {
        return Ok(None);
    };
    let line = bytes.get(..end).unwrap_or_default();
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let after = end + 1;
    let (kind, body, length) = match line.split_first() {
        Some((b'+', _)) => (Kind::Line, 1..line.len(), after),
        Some((b'-', _)) => (Kind::Refusal, 1..line.len(), after),
        Some((b'$', b"-1")) => (Kind::Nil, 1..1, after),
        Some((b'$', digits)) => {
            let size = bulk_size(digits)?;
            let length = after.saturating_add(size).saturating_add(2);
            if bytes.len() < length {
                return Ok(None);
            }
            (Kind::Bulk, after..after + size, length)
        }
        _ => bail!(
            "this is no reply of the protocol: {:?}",
            String::from_utf8_lossy(line)
        ),
    };
    Ok(Some(Frame { kind, body, length }))
}

fn bulk_size(digits: &[u8]) -> anyhow::Result<usize> {
    let text = String::from_utf8_lossy(digits);
    text.parse()
        .with_context(|| format!("a reply begins with the length {text:?}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_kind_of_reply_is_found_with_its_text() {
        for (bytes, kind, text) in [
            ("+OK\r\n", Kind::Line, "OK"),
            ("+HI {}\n", Kind::Line, "HI {}"),
            ("-ERR no\r\n", Kind::Refusal, "ERR no"),
            ("$-1\r\n", Kind::Nil, ""),
            ("$0\r\n\r\n", Kind::Bulk, ""),
            ("$6\r\n{\"a\"\r\n\r\n", Kind::Bulk, "{\"a\"\r\n"),
        ] {
            let more = format!("{bytes}+OK\r\n");
            let frame = read(more.as_bytes()).unwrap().unwrap();
            assert_eq!(frame.kind, kind, "{bytes:?}");
            assert_eq!(&more[frame.body], text, "{bytes:?}");
            assert_eq!(frame.length, bytes.len(), "{bytes:?}");
            for end in 0..bytes.len() {
                assert_eq!(read(&bytes.as_bytes()[..end]).unwrap(), None, "{bytes:?}");
            }
        }
    }

    #[test]
    fn what_is_no_reply_is_an_error() {
        for bytes in ["HTTP/1.1 400\r\n", "\r\n", "$x\r\n", "$-2\r\n"] {
            assert!(read(bytes.as_bytes()).is_err(), "{bytes:?}");
        }
    }
}
