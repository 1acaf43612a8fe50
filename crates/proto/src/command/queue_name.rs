//! What a queue may be called.

use crate::WireError;
use crate::error::echo;
use crate::limits::QUEUE_NAME_BYTES_MAX;

/// Refuses a name no queue can have: Faktory's rule and words, and a limit of our own.
pub(crate) fn check_queue_name(name: &str) -> Result<(), WireError> {
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
