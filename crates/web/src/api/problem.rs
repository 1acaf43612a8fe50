//! Problem documents (RFC 9457).

use axum::http::header::CONTENT_TYPE;
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

use crate::service::{Problem, ProblemKind};

pub(super) const MEDIA_TYPE_NAME: &str = "application/problem+json";

const MEDIA_TYPE: HeaderValue = HeaderValue::from_static(MEDIA_TYPE_NAME);

/// What was wrong (RFC 9457).
#[derive(Serialize, ToSchema)]
#[schema(as = Problem)]
pub(super) struct Document<'a> {
    #[serde(rename = "type")]
    kind: &'static str,
    title: Option<&'static str>,
    status: u16,
    /// What was wrong, and what to do.
    detail: &'a str,
    /// Where in the query it is wrong, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    at: Option<usize>,
    /// How long what is wrong in the query is, in bytes.
    #[serde(skip_serializing_if = "Option::is_none")]
    length: Option<usize>,
    /// Which part of what was sent is wrong, such as `job.queue`.
    #[serde(skip_serializing_if = "Option::is_none")]
    field: Option<&'a str>,
}

/// The document for a status: its title says what kind of problem it is.
pub(crate) fn document(status: StatusCode, detail: &str) -> Response {
    respond(status, Document::new(status, detail))
}

fn respond(status: StatusCode, document: Document<'_>) -> Response {
    let mut response = (status, axum::Json(document)).into_response();
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, MEDIA_TYPE);
    response
}

impl<'a> Document<'a> {
    fn new(status: StatusCode, detail: &'a str) -> Self {
        Self {
            kind: "about:blank",
            title: status.canonical_reason(),
            status: status.as_u16(),
            detail,
            at: None,
            length: None,
            field: None,
        }
    }
}

impl Problem {
    /// Its status, in pages and API alike.
    pub(crate) fn status(&self) -> StatusCode {
        match self.kind {
            ProblemKind::Invalid => StatusCode::BAD_REQUEST,
            ProblemKind::Forbidden => StatusCode::FORBIDDEN,
            ProblemKind::Conflict => StatusCode::CONFLICT,
            ProblemKind::NotFound => StatusCode::NOT_FOUND,
            ProblemKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = self.status();
        let document = Document {
            at: self.span.map(|span| span.at),
            length: self.span.map(|span| span.length),
            field: self.field.as_deref(),
            ..Document::new(status, &self.detail)
        };
        respond(status, document)
    }
}
