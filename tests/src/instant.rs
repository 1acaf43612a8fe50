//! Instants as jobs carry them.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The instant this many seconds from now, or before it, in RFC 3339.
pub fn instant_in(secs: i64) -> String {
    let instant = Timestamp::now() + SignedDuration::from_secs(secs);
    instant.to_string()
}

/// Reads an RFC 3339 instant out of a job or an INFO reply.
pub fn parse_instant(text: &Value) -> Timestamp {
    let text = text
        .as_str()
        .unwrap_or_else(|| panic!("no instant: {text}"));
    text.parse()
        .unwrap_or_else(|error| panic!("no RFC 3339 instant: {text:?}: {error}"))
}
