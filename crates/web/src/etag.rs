//! Answers of the API that whoever asks has already: 304 (RFC 9110, section 13.1.2) instead of the same again.

use axum::body::{Body, HttpBody as _, to_bytes};
use axum::extract::Request;
use axum::http::header::{CONTENT_TYPE, ETAG, HeaderMap, HeaderValue, IF_NONE_MATCH};
use axum::http::{Method, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use sha2::{Digest as _, Sha256};

use crate::service::hex::hex;

/// Larger answers have no tag: those with a job that is as large.
const BYTES_MAX: u64 = 16 << 20;

/// Gives what is read by `GET` a tag, and nothing but that to whoever has it.
pub(crate) async fn tag(request: Request, next: Next) -> Response {
    let is_read = matches!(*request.method(), Method::GET | Method::HEAD);
    let known = request.headers().get_all(IF_NONE_MATCH);
    let known: Vec<HeaderValue> = known.iter().cloned().collect();
    let response = next.run(request).await;
    let is_told = response.status() == StatusCode::OK && is_json(response.headers());
    match is_read && is_told && is_small(response.body()) {
        true => tagged(response, &known).await,
        false => response,
    }
}

/// A stream of events has no end.
fn is_json(headers: &HeaderMap) -> bool {
    headers
        .get(CONTENT_TYPE)
        .is_some_and(|kind| kind == "application/json")
}

fn is_small(body: &Body) -> bool {
    let bytes = body.size_hint().exact();
    bytes.is_some_and(|bytes| bytes <= BYTES_MAX)
}

async fn tagged(response: Response, known: &[HeaderValue]) -> Response {
    let (mut parts, body) = response.into_parts();
    let Ok(bytes) = to_bytes(body, usize::MAX).await else {
        return StatusCode::INTERNAL_SERVER_ERROR.into_response();
    };
    let digest = Sha256::digest(&bytes);
    let digest = digest.get(..16).map(hex).unwrap_or_default();
    // Weak, as it may be packed in several ways.
    let tag = format!("W/\"{digest}\"");
    let is_known = known.iter().any(|known| matches(known, &tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        parts.headers.insert(ETAG, tag);
    }
    match is_known {
        true => {
            parts.status = StatusCode::NOT_MODIFIED;
            parts.headers.remove(CONTENT_TYPE);
            Response::from_parts(parts, Body::empty())
        }
        false => Response::from_parts(parts, Body::from(bytes)),
    }
}

/// Compared weakly, as RFC 9110 says for `If-None-Match`.
fn matches(known: &HeaderValue, tag: &str) -> bool {
    let strong = |tag: &str| tag.trim().trim_start_matches("W/").to_owned();
    let known = known.to_str().unwrap_or_default();
    known
        .split(',')
        .any(|known| known.trim() == "*" || strong(known) == strong(tag))
}
