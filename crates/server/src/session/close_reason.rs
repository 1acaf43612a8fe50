//! Why a connection ends, and what its client is told of it.

use workmill_proto::WireError;

use super::wire::WireFault;
use crate::gate::{GateClosed, Unanswered};

/// How a connection ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum CloseReason {
    /// Without a word: the client has gone, has said END, or is nobody one talks to.
    Silent,
    /// With an error as the last reply.
    WithError(WireError),
}

impl CloseReason {
    pub(super) fn with_error(text: impl Into<String>) -> Self {
        Self::WithError(WireError::err(text))
    }

    /// The last reply, if there is one.
    pub(super) fn error(&self) -> Option<&WireError> {
        match self {
            Self::Silent => None,
            Self::WithError(error) => Some(error),
        }
    }

    pub(super) fn shutdown() -> Self {
        Self::WithError(shutting_down())
    }
}

/// The answer to what the server does not begin any more. Faktory's.
pub(super) fn shutting_down() -> WireError {
    WireError::err("shutdown in progress")
}

impl From<GateClosed> for CloseReason {
    fn from(closed: GateClosed) -> Self {
        match closed {
            GateClosed::ForGood => Self::shutdown(),
            GateClosed::ForNow => Self::with_error("no server leads now: try again in a moment"),
        }
    }
}

impl From<Unanswered> for CloseReason {
    /// Whether the command was done is unknown, so any reply could be a lie.
    fn from(_: Unanswered) -> Self {
        Self::Silent
    }
}

impl From<WireFault> for CloseReason {
    fn from(fault: WireFault) -> Self {
        match fault {
            WireFault::Io(_) | WireFault::SendStalled | WireFault::SendTooSlow => Self::Silent,
            fault => Self::with_error(fault.to_string()),
        }
    }
}
