//! The answer to who asks for a file.

use axum::body::Body;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::http::header::{
    ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderValue, VARY,
};
use axum::response::{IntoResponse as _, Response};

use super::packed::ASSETS;

/// A year, as long as is usual, for what never changes under its name.
const FOR_EVER: &str = "public, max-age=31536000, immutable";
/// Under a name of another version it may change: an hour, as in Faktory.
const FOR_AN_HOUR: &str = "public, max-age=3600";

/// `GET /static/{hash}/{name}`.
pub(crate) async fn serve(
    Path((hash, name)): Path<(String, String)>,
    headers: HeaderMap,
) -> Response {
    let Some(asset) = ASSETS.files.get(name.as_str()) else {
        return (StatusCode::NOT_FOUND, "no such file\n").into_response();
    };
    let lasts = match hash == ASSETS.hash {
        true => FOR_EVER,
        // Of a page that another version has made.
        false => FOR_AN_HOUR,
    };
    let packed = asset.packed.as_ref().filter(|_| takes_gzip(&headers));
    let mut response = match packed {
        Some(packed) => Body::from(packed.clone()).into_response(),
        None => Body::from(asset.plain).into_response(),
    };
    let answered = response.headers_mut();
    answered.insert(CONTENT_TYPE, HeaderValue::from_static(asset.media_type));
    answered.insert(CACHE_CONTROL, HeaderValue::from_static(lasts));
    answered.insert(VARY, HeaderValue::from_static("accept-encoding"));
    if packed.is_some() {
        answered.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}

fn takes_gzip(headers: &HeaderMap) -> bool {
    let accepted = headers.get_all(ACCEPT_ENCODING).iter();
    let accepted = accepted.filter_map(|value| value.to_str().ok());
    accepted.flat_map(|value| value.split(',')).any(|coding| {
        let mut parts = coding.split(';').map(str::trim);
        let is_gzip = parts
            .next()
            .is_some_and(|name| name.eq_ignore_ascii_case("gzip"));
        is_gzip && !parts.any(|weight| weight.trim_start_matches("q=").parse() == Ok(0.0_f32))
    })
}
