//! Basic authentication, as Faktory's: any user name, one password.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{AUTHORIZATION, HeaderMap, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use sha2::{Digest as _, Sha256};

use crate::app::App;

/// As in Faktory: scripts that know it look for it.
const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"Faktory\"");

/// Lets those through who know the password, if there is one.
pub(crate) async fn authenticate(
    State(app): State<Arc<App>>,
    request: Request,
    next: Next,
) -> Response {
    let access = app.desk.access();
    let refusal = match &access.password {
        None => None,
        Some(wanted) => match password(request.headers()) {
            Some(given) if is_same(&given, wanted.expose().as_bytes()) => None,
            Some(_) => Some("Authorization failed\n"),
            None => Some("Authorization required\n"),
        },
    };
    match refusal {
        None => next.run(request).await,
        Some(text) => {
            let asked = [(WWW_AUTHENTICATE, REALM)];
            (StatusCode::UNAUTHORIZED, asked, text).into_response()
        }
    }
}

/// The password somebody sent; none if there is no such header, or it is not Basic.
fn password(headers: &HeaderMap) -> Option<Vec<u8>> {
    let value = headers.get(AUTHORIZATION)?.as_bytes();
    let (scheme, encoded) = value.split_at_checked(6)?;
    if !scheme.eq_ignore_ascii_case(b"basic ") {
        return None;
    }
    let decoded = STANDARD.decode(encoded.trim_ascii()).ok()?;
    let colon = decoded.iter().position(|byte| *byte == b':')?;
    decoded.get(colon + 1..).map(<[u8]>::to_vec)
}

/// Compares digests, so that the time it takes tells nothing about how much of it was right, or how long it is.
fn is_same(given: &[u8], wanted: &[u8]) -> bool {
    let difference = Sha256::digest(given)
        .iter()
        .zip(Sha256::digest(wanted))
        .fold(0, |difference, (one, other)| difference | (one ^ other));
    difference == 0
}
