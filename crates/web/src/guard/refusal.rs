//! What is answered to those who are not let in.

use axum::http::header::{RETRY_AFTER, WWW_AUTHENTICATE};
use axum::http::{HeaderValue, StatusCode};
use axum::response::{IntoResponse as _, Response};

use crate::api::problem_document;

/// As in Faktory: scripts that know it look for it.
const REALM: HeaderValue = HeaderValue::from_static("Basic realm=\"Faktory\"");

/// Why somebody is not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Refusal {
    /// They have not said who they are.
    WhoAreYou,
    /// What they know is not right.
    Wrong,
    /// They, or all together, were wrong too often.
    TooOften,
    /// Too many wait to be looked at.
    Busy,
    /// Another site sent the request.
    OtherSite,
    /// It was sent to a name that another site may have made lead here.
    StrangeHost,
}

impl Refusal {
    /// The answer: text for people, a problem (RFC 9457) for the API.
    pub(super) fn answer(self, path: &str) -> Response {
        let (status, text) = match self {
            Self::WhoAreYou => (StatusCode::UNAUTHORIZED, "Authorization required"),
            Self::Wrong => (StatusCode::UNAUTHORIZED, "Authorization failed"),
            Self::TooOften => (
                StatusCode::TOO_MANY_REQUESTS,
                "too many wrong passwords from here; wait a minute",
            ),
            Self::Busy => (
                StatusCode::SERVICE_UNAVAILABLE,
                "too many logins at a time; try again",
            ),
            Self::OtherSite => (
                StatusCode::FORBIDDEN,
                "the request came from another site; send it from these pages, or without Origin and Sec-Fetch-Site",
            ),
            Self::StrangeHost => (
                StatusCode::FORBIDDEN,
                "this server asks nobody for a password, so under a name that is not its own nothing is changed: another site could have sent it; open it as localhost or by its address, name it in [web] hosts, or set a password",
            ),
        };
        let mut response = match path.starts_with("/api/") {
            true => problem_document(status, text),
            false => (status, format!("{text}\n")).into_response(),
        };
        let headers = response.headers_mut();
        match status {
            StatusCode::UNAUTHORIZED => {
                headers.insert(WWW_AUTHENTICATE, REALM);
            }
            StatusCode::TOO_MANY_REQUESTS => {
                headers.insert(RETRY_AFTER, HeaderValue::from_static("60"));
            }
            _ => {}
        }
        response
    }
}
