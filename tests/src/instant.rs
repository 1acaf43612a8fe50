//! Instants as jobs carry them.

use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

/// The moment this many seconds from now, or before it.
pub fn moment_in(secs: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_secs(secs)
}

/// The same in RFC 3339.
pub fn instant_in(secs: i64) -> String {
    moment_in(secs).to_string()
}

/// A schedule of cron with one tick, at this moment.
pub fn schedule_once(at: Timestamp) -> String {
    let at = at.to_zoned(TimeZone::UTC);
    format!("TZ=UTC {}", at.strftime("%-S %-M %-H %-d %-m ? %Y"))
}

/// Reads an RFC 3339 instant out of a job or an INFO reply.
pub fn parse_instant(text: &Value) -> Timestamp {
    let text = text
        .as_str()
        .unwrap_or_else(|| panic!("no instant: {text}"));
    text.parse()
        .unwrap_or_else(|error| panic!("no RFC 3339 instant: {text:?}: {error}"))
}
