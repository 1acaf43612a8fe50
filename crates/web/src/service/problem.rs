//! Why something was not done, or cannot be shown.

use workmill_proto::{ErrorCode, WireError};
use workmill_store::StoreError;

use super::search::SearchError;
use crate::desk::{DeskError, Forbidden};

/// Bytes of what is told of a reason: it may repeat what was sent, which may be long.
const DETAIL_BYTES_MAX: usize = 1_000;

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// What was asked for makes no sense as it is.
    Invalid,
    /// Whoever asks may not do it.
    Forbidden,
    /// There is no such thing.
    NotFound,
    /// It does not go together with what is there.
    Conflict,
    /// The server cannot tell or do it now.
    Unavailable,
}

/// A part of a query, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Span {
    /// Where it begins.
    pub at: usize,
    /// How long it is; 0 where something is missing.
    pub length: usize,
}

/// Why something was not done, or cannot be shown.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{detail}")]
pub struct Problem {
    /// What kind of reason it is.
    pub kind: ProblemKind,
    /// What was wrong and what to do, for whoever asked.
    pub detail: String,
    /// Where in the query it is wrong.
    pub span: Option<Span>,
    /// Which part of what was sent is wrong, such as `job.queue`.
    pub field: Option<String>,
}

impl Problem {
    /// A reason without a place. A detail of more than 1,000 bytes is cut, between two characters.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        let mut detail = detail.into();
        detail.truncate(detail.floor_char_boundary(DETAIL_BYTES_MAX));
        Self {
            kind,
            detail,
            span: None,
            field: None,
        }
    }

    /// A reason that lies in a part of what was sent, such as `job.queue`.
    pub fn of_field(
        kind: ProblemKind,
        field: impl Into<String>,
        detail: impl Into<String>,
    ) -> Self {
        Self {
            field: Some(field.into()),
            ..Self::new(kind, detail)
        }
    }
}

impl From<StoreError> for Problem {
    /// What the database says is for the log.
    fn from(error: StoreError) -> Self {
        tracing::warn!(
            error = &error as &dyn std::error::Error,
            "jobs cannot be read for the web port"
        );
        let detail = "the jobs cannot be read; the log of the server says why";
        Self::new(ProblemKind::Unavailable, detail)
    }
}

impl From<SearchError> for Problem {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Store(error) => error.into(),
            SearchError::Cursor => Self::new(ProblemKind::Invalid, error.to_string()),
            SearchError::Query(error) => Self {
                span: Some(Span {
                    at: error.at,
                    length: error.len,
                }),
                ..Self::new(ProblemKind::Invalid, error.text)
            },
        }
    }
}

impl From<Forbidden> for Problem {
    fn from(forbidden: Forbidden) -> Self {
        Self::new(ProblemKind::Forbidden, forbidden.to_string())
    }
}

impl From<DeskError> for Problem {
    fn from(error: DeskError) -> Self {
        Self::new(ProblemKind::Unavailable, error.to_string())
    }
}

impl From<WireError> for Problem {
    /// What the rules of jobs refuse.
    fn from(error: WireError) -> Self {
        let kind = match error.code {
            ErrorCode::Err => ProblemKind::Invalid,
            ErrorCode::NotUnique => ProblemKind::Conflict,
        };
        Self::new(kind, error.text)
    }
}
