//! Answers that no handler has given: a method that its path does not take, a body that is too large or in a wrong form, an answer
//! that took too long. The API has a problem (RFC 9457) for them, and people a page.

use axum::body::to_bytes;
use axum::extract::Request;
use axum::http::header::{ALLOW, CONTENT_TYPE};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::Next;
use axum::response::Response;

use crate::api;
use crate::pages::{Reader, Unserved, unserved};

/// Bytes of such an answer that are read: it is one line.
const LINE_BYTES_MAX: usize = 4_096;

/// Says in the way that fits who asks why there is no answer.
pub(crate) async fn explain(request: Request, next: Next) -> Response {
    let is_of_api = request.uri().path().starts_with("/api/");
    let reader = Reader::of(&request);
    let response = next.run(request).await;
    let Some(why) = why(&response) else {
        return response;
    };
    let (parts, body) = response.into_parts();
    let line = to_bytes(body, LINE_BYTES_MAX).await.unwrap_or_default();
    let line = String::from_utf8_lossy(&line);
    let mut explained = match is_of_api {
        true => api::problem_document(parts.status, why.detail().unwrap_or(&line)),
        false => unserved(&reader, parts.status, why, &line),
    };
    if let Some(methods) = parts.headers.get(ALLOW) {
        explained.headers_mut().insert(ALLOW, methods.clone());
    }
    explained
}

/// What kind of answer it is; none if a handler has given it.
fn why(response: &Response) -> Option<Unserved> {
    let says_nothing = !response.headers().contains_key(CONTENT_TYPE);
    match response.status() {
        StatusCode::METHOD_NOT_ALLOWED => Some(Unserved::Method),
        StatusCode::PAYLOAD_TOO_LARGE if is_plain(response.headers()) => Some(Unserved::TooLarge),
        StatusCode::SERVICE_UNAVAILABLE if says_nothing => Some(Unserved::Late),
        StatusCode::BAD_REQUEST
        | StatusCode::UNSUPPORTED_MEDIA_TYPE
        | StatusCode::UNPROCESSABLE_ENTITY
            if is_plain(response.headers()) =>
        {
            Some(Unserved::Form)
        }
        _ => None,
    }
}

/// Whether it is text as the framework writes it, or nothing.
fn is_plain(headers: &HeaderMap) -> bool {
    let kind = headers.get(CONTENT_TYPE);
    kind.is_none_or(|kind| kind.as_bytes().starts_with(b"text/plain"))
}
