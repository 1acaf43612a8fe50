//! A page that could not be made.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use workmill_store::StoreError;

/// Why a page could not be made.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Failure {
    #[error("the jobs cannot be read")]
    Store(#[from] StoreError),
    #[error("the page cannot be written")]
    Template(#[from] askama::Error),
}

impl IntoResponse for Failure {
    /// What the database says is for the log: the page says what to do.
    fn into_response(self) -> Response {
        let error: &dyn std::error::Error = &self;
        tracing::warn!(error, "a page could not be made");
        let text = format!("{self}; the log of the server says why\n");
        (StatusCode::SERVICE_UNAVAILABLE, text).into_response()
    }
}
