//! Whether a request that changes something was sent by a page of ours.
//!
//! Browsers send what they know of somebody (Basic authentication) with requests of other sites too. They also say where a
//! request comes from, and programs say nothing: as in Faktory.

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::peer::Peer;
use super::refusal::Refusal;
use crate::app::App;
use crate::desk::ServerFacts;

/// Refuses what another site has sent, if it could change something.
pub(crate) async fn refuse_other_sites(
    State(app): State<Arc<App>>,
    peer: Peer,
    request: Request,
    next: Next,
) -> Response {
    let is_safe = matches!(
        *request.method(),
        Method::GET | Method::HEAD | Method::OPTIONS
    );
    let is_proxied = app.desk.access().is_proxy(peer.0.ip());
    match is_safe || is_of_ours(request.headers(), is_proxied) {
        true => next.run(request).await,
        false => Refusal::OtherSite.answer(request.uri().path()),
    }
}

/// Where whoever sent these headers reaches the port: `http://localhost:7420`.
pub(crate) fn origin_of(headers: &HeaderMap, facts: &ServerFacts) -> String {
    // The port has the certificate of the command port.
    let scheme = match facts.listens_at.starts_with("tcp+tls:") {
        true => "https",
        false => "http",
    };
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    format!("{scheme}://{}", host.unwrap_or("localhost:7420"))
}

fn is_of_ours(headers: &HeaderMap, is_proxied: bool) -> bool {
    let text = |name: &str| {
        headers
            .get(name)
            .map(|value| value.to_str().unwrap_or_default())
    };
    match (text("sec-fetch-site"), text(ORIGIN.as_str())) {
        (Some("same-origin" | "none"), _) | (None, None) => true,
        (Some(_), _) => false,
        (None, Some(origin)) => {
            let origin = origin.split_once("://").map(|(_, host)| host);
            let forwarded = text("x-forwarded-host").filter(|_| is_proxied);
            let hosts = [text(HOST.as_str()), forwarded].into_iter().flatten();
            // `null` and nonsense have no host.
            origin.is_some_and(|origin| {
                let mut hosts = hosts;
                hosts.any(|host| !host.is_empty() && host.eq_ignore_ascii_case(origin))
            })
        }
    }
}
