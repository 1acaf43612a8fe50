//! Whether a request that changes something was sent by a page of ours.
//!
//! Browsers send what they know of somebody (Basic authentication) with requests of other sites too. They also say where a
//! request comes from, and programs say nothing: as in Faktory.

use std::convert::Infallible;
use std::sync::Arc;

use axum::extract::{FromRequestParts, Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::request::Parts;
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::Response;

use super::access::Access;
use super::host::is_own;
use super::peer::Peer;
use super::refusal::Refusal;
use super::script_name::ScriptName;
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
    let access = app.desk.access();
    let is_proxied = access.is_proxy(peer.0.ip());
    let refusal = match is_safe {
        true => None,
        false if !is_of_ours(request.headers(), is_proxied) => Some(Refusal::OtherSite),
        // A proxy says itself which names it serves.
        false if !is_proxied && is_under_a_strange_name(request.headers(), &access) => {
            Some(Refusal::StrangeHost)
        }
        false => None,
    };
    match refusal {
        None => next.run(request).await,
        Some(refusal) => refusal.answer(request.uri().path()),
    }
}

/// Whether a browser sent this to a name that another site may have made lead here, and nobody is asked for a password, which a page
/// of that site would not have.
fn is_under_a_strange_name(headers: &HeaderMap, access: &Access) -> bool {
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    access.is_open_to_all()
        && headers.contains_key(ORIGIN)
        && !is_own(host.unwrap_or_default(), &access.hosts)
}

/// Where whoever sent a request reaches the pages: `http://localhost:7420`, with the prefix that a proxy has put before their paths.
pub(crate) struct Reached(pub(crate) String);

impl FromRequestParts<Arc<App>> for Reached {
    type Rejection = Infallible;

    async fn from_request_parts(
        parts: &mut Parts,
        app: &Arc<App>,
    ) -> Result<Self, Self::Rejection> {
        let Ok(peer) = Peer::from_request_parts(parts, app).await;
        let Ok(prefix) = ScriptName::from_request_parts(parts, app).await;
        let is_proxied = app.desk.access().is_proxy(peer.0.ip());
        let origin = origin_of(&parts.headers, &app.desk.facts(), is_proxied);
        Ok(Self(format!("{origin}{}", prefix.as_str())))
    }
}

fn origin_of(headers: &HeaderMap, facts: &ServerFacts, is_proxied: bool) -> String {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let forwarded = |name: &str| text(name).filter(|_| is_proxied);
    // The port has the certificate of the command port.
    let own_scheme = match facts.listens_at.starts_with("tcp+tls:") {
        true => "https",
        false => "http",
    };
    let scheme = match forwarded("x-forwarded-proto") {
        Some("https") => "https",
        Some("http") => "http",
        _ => own_scheme,
    };
    let host = forwarded("x-forwarded-host").or(text(HOST.as_str()));
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
