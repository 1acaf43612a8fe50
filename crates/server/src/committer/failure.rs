//! What a client is told when the store fails.

use workmill_proto::WireError;
use workmill_store::StoreError;

/// The answer to a request whose transaction was rolled back. `begun` says that earlier slices of the same
/// request are committed.
pub(super) fn wire_error(error: &StoreError, begun: bool) -> WireError {
    let effect = if begun {
        "what this command had done before that stays done"
    } else {
        "nothing was changed"
    };
    let text = match error {
        StoreError::Full(_) => {
            format!("the server's disk is full: {effect}; free some space and try again")
        }
        StoreError::Busy(_) => {
            format!("another program locks the database: {effect}; try again")
        }
        other => format!("{other}: {effect}"),
    };
    WireError::err(text)
}
