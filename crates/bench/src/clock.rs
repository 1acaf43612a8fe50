//! The time of day, for jobs that are to wait for theirs.

use std::time::{SystemTime, UNIX_EPOCH};

use workmill_proto::Timestamp;

/// What the clock of this machine shows.
pub(crate) fn now() -> Timestamp {
    let passed = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .unwrap_or_default();
    Timestamp::from_micros(0).plus(passed)
}
