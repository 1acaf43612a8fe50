//! Why something was not done, or cannot be shown.

use workmill_store::StoreError;

use super::search::SearchError;

/// What kind of reason it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// What was asked for makes no sense as it is.
    Invalid,
    /// There is no such thing.
    NotFound,
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
}

impl Problem {
    /// A reason without a place.
    pub fn new(kind: ProblemKind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            span: None,
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
                kind: ProblemKind::Invalid,
                span: Some(Span {
                    at: error.at,
                    length: error.len,
                }),
                detail: error.text,
            },
        }
    }
}
