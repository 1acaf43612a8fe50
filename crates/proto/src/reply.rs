//! Answers, as bytes.

use bytes::BytesMut;

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

/// Appends a fetched job: the payload with `enqueued_at` put in at its place.
///
/// An index beyond the payload puts nothing in.
pub fn write_job(out: &mut BytesMut, body: &[u8], enqueued_at_index: u32, enqueued_at: Timestamp) {
    let index = usize::try_from(enqueued_at_index).unwrap_or(usize::MAX);
    let Some((head, tail)) = body.split_at_checked(index) else {
        return Reply::Bulk(body).write(out);
    };
    let member = format!(",\"enqueued_at\":\"{enqueued_at}\"");
    write_bulk_head(out, body.len() + member.len());
    out.extend_from_slice(head);
    out.extend_from_slice(member.as_bytes());
    out.extend_from_slice(tail);
    out.extend_from_slice(b"\r\n");
}

/// Appends `$<bytes>` with its line end, and makes room for the text.
fn write_bulk_head(out: &mut BytesMut, text_bytes: usize) {
    out.reserve(text_bytes + 16);
    out.extend_from_slice(b"$");
    out.extend_from_slice(itoa::Buffer::new().format(text_bytes).as_bytes());
    out.extend_from_slice(b"\r\n");
}
