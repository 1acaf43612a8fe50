//! Answers, as bytes.

use bytes::BytesMut;

use crate::json::replace_lone_surrogates;
use crate::time::Rfc3339;
use crate::{Timestamp, WireError};

/// An answer to a command.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reply<'a> {
    /// Done: `+OK`.
    Ok,
    /// There is nothing: `$-1`.
    Nil,
    /// A text, as a rule JSON on one line.
    Bulk(&'a [u8]),
    /// Refused.
    Error(&'a WireError),
}

impl Reply<'_> {
    /// Appends the answer to what is to be sent.
    pub fn write(&self, out: &mut BytesMut) {
        match self {
            Self::Ok => out.extend_from_slice(b"+OK\r\n"),
            Self::Nil => out.extend_from_slice(b"$-1\r\n"),
            Self::Bulk(text) => {
                write_bulk_head(out, text.len());
                out.extend_from_slice(text);
                out.extend_from_slice(b"\r\n");
            }
            Self::Error(error) => {
                out.extend_from_slice(b"-");
                out.extend_from_slice(error.code.as_str().as_bytes());
                out.extend_from_slice(b" ");
                out.extend_from_slice(error.text.as_bytes());
                out.extend_from_slice(b"\r\n");
            }
        }
    }
}

/// Appends a fetched job: the payload with `enqueued_at` put in at its place. Halves of surrogate pairs become U+FFFD:
/// an earlier version stored them as they were sent.
///
/// An index beyond the payload puts nothing in.
pub fn write_job(out: &mut BytesMut, body: &[u8], enqueued_at_index: u32, enqueued_at: Timestamp) {
    let index = usize::try_from(enqueued_at_index).unwrap_or(usize::MAX);
    let Some((head, tail)) = body.split_at_checked(index) else {
        return Reply::Bulk(&replace_lone_surrogates(body)).write(out);
    };
    let enqueued_at = Rfc3339::of(enqueued_at);
    let parts: [&[u8]; 5] = [
        &replace_lone_surrogates(head),
        b",\"enqueued_at\":\"",
        enqueued_at.as_str().as_bytes(),
        b"\"",
        &replace_lone_surrogates(tail),
    ];
    write_bulk_head(out, parts.iter().map(|part| part.len()).sum());
    for part in parts {
        out.extend_from_slice(part);
    }
    out.extend_from_slice(b"\r\n");
}

/// Appends `$<bytes>` with its line end, and makes room for the text.
fn write_bulk_head(out: &mut BytesMut, text_bytes: usize) {
    out.reserve(text_bytes + 16);
    out.extend_from_slice(b"$");
    out.extend_from_slice(itoa::Buffer::new().format(text_bytes).as_bytes());
    out.extend_from_slice(b"\r\n");
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ErrorCode;

    fn written(reply: Reply<'_>) -> String {
        let mut out = BytesMut::from("+OK\r\n");
        reply.write(&mut out);
        String::from_utf8(out.to_vec())
            .unwrap()
            .strip_prefix("+OK\r\n")
            .unwrap()
            .to_owned()
    }

    #[test]
    fn replies_have_exactly_these_bytes() {
        let coded = WireError {
            code: ErrorCode::NotUnique,
            text: "Job not unique".to_owned(),
        };
        assert_eq!(written(Reply::Ok), "+OK\r\n");
        assert_eq!(written(Reply::Nil), "$-1\r\n");
        assert_eq!(written(Reply::Bulk(b"{}")), "$2\r\n{}\r\n");
        assert_eq!(written(Reply::Bulk(b"")), "$0\r\n\r\n");
        assert_eq!(
            written(Reply::Error(&WireError::err("missing JID"))),
            "-ERR missing JID\r\n"
        );
        assert_eq!(
            written(Reply::Error(&coded)),
            "-NOTUNIQUE Job not unique\r\n"
        );
    }

    #[test]
    fn a_job_is_sent_with_its_enqueued_at() {
        let mut out = BytesMut::new();
        write_job(
            &mut out,
            br#"{"a":1,"args":[]}"#,
            6,
            Timestamp::from_micros(1_500_000),
        );
        let wanted = r#"{"a":1,"enqueued_at":"1970-01-01T00:00:01.5Z","args":[]}"#;
        assert_eq!(out, format!("${}\r\n{wanted}\r\n", wanted.len()));
    }

    #[test]
    fn half_a_surrogate_pair_of_a_stored_job_is_not_sent() {
        let body =
            br#"{"custom":{"a":"\udc00"},"jid":"j","args":["\ud83d","\ud83d\ude00","\\ud83d"]}"#;
        let index =
            u32::try_from(str::from_utf8(body).unwrap().find(",\"args\"").unwrap()).unwrap();
        let args = r#"["�","\ud83d\ude00","\\ud83d"]"#;
        for (index, moment) in [
            (index, r#","enqueued_at":"1970-01-01T00:00:00Z""#),
            (u32::MAX, ""),
        ] {
            let mut out = BytesMut::new();
            write_job(&mut out, body, index, Timestamp::default());
            let wanted = format!(r#"{{"custom":{{"a":"�"}},"jid":"j"{moment},"args":{args}}}"#);
            assert_eq!(out, format!("${}\r\n{wanted}\r\n", wanted.len()));
        }
    }

    #[test]
    fn an_index_beyond_the_job_is_harmless() {
        let mut out = BytesMut::new();
        write_job(&mut out, b"{}", u32::MAX, Timestamp::default());
        assert_eq!(out, "$2\r\n{}\r\n");
    }
}
