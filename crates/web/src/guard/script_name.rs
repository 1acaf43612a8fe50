//! The path below which a proxy shows the pages: `X-Script-Name`, as in Faktory.

use std::sync::Arc;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderMap, Request, Uri};

/// Bytes of a prefix: more than any proxy has.
const PREFIX_BYTES_MAX: usize = 256;

/// What links, redirects and forms begin with: empty, or a path without a slash at its end.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct ScriptName(Arc<str>);

impl ScriptName {
    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }

    /// A header that is no plain path counts as none: links made of it would lead elsewhere.
    fn of(headers: &HeaderMap) -> Self {
        let value = headers.get("x-script-name");
        let value = value.and_then(|value| value.to_str().ok());
        let prefix = value.unwrap_or_default().trim_end_matches('/');
        match is_plain_path(prefix) {
            true => Self(prefix.into()),
            false => Self::default(),
        }
    }
}

fn is_plain_path(prefix: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/".contains(&byte);
    prefix.len() <= PREFIX_BYTES_MAX
        && prefix.starts_with('/')
        && !prefix.contains("//")
        && prefix.bytes().all(is_plain)
        && prefix.split('/').all(|part| part != "." && part != "..")
}

impl<S: Sync> FromRequestParts<S> for ScriptName {
    type Rejection = std::convert::Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Self::Rejection> {
        Ok(parts.extensions.get().cloned().unwrap_or_default())
    }
}

/// Cuts the prefix from the path, if the proxy left it there, and keeps it for the handlers. Before any route is looked
/// for.
pub(crate) fn cut_script_name<B>(mut request: Request<B>) -> Request<B> {
    let prefix = ScriptName::of(request.headers());
    if let Some(uri) = without(request.uri(), prefix.as_str()) {
        *request.uri_mut() = uri;
    }
    request.extensions_mut().insert(prefix);
    request
}

fn without(uri: &Uri, prefix: &str) -> Option<Uri> {
    if prefix.is_empty() {
        return None;
    }
    let rest = uri.path_and_query()?.as_str().strip_prefix(prefix)?;
    let rest = match rest.as_bytes().first() {
        Some(b'/') => PathAndQuery::try_from(rest),
        None | Some(b'?') => PathAndQuery::try_from(format!("/{rest}")),
        Some(_) => return None,
    };
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(rest.ok()?);
    Uri::from_parts(parts).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn cut(path: &str, header: &str) -> (String, String) {
        let request = Request::builder().uri(path).header("x-script-name", header);
        let request = cut_script_name(request.body(()).unwrap());
        let prefix: &ScriptName = request.extensions().get().unwrap();
        (request.uri().to_string(), prefix.as_str().to_owned())
    }

    #[test]
    fn prefix_is_cut_from_the_path_and_kept_for_links() {
        for (path, header, rest, prefix) in [
            ("/jobs/queues?page=2", "/jobs", "/queues?page=2", "/jobs"),
            ("/jobs", "/jobs/", "/", "/jobs"),
            ("/jobs?days=7", "/jobs", "/?days=7", "/jobs"),
            ("/queues", "/jobs", "/queues", "/jobs"),
            ("/jobsite", "/jobs", "/jobsite", "/jobs"),
            ("/a/b/stats", "/a/b", "/stats", "/a/b"),
        ] {
            assert_eq!(cut(path, header), (rest.to_owned(), prefix.to_owned()));
        }
    }

    #[test]
    fn prefix_that_would_lead_elsewhere_counts_as_none() {
        let long = format!("/{}", "x".repeat(PREFIX_BYTES_MAX));
        for header in [
            "//evil.example",
            "https://evil.example",
            "jobs",
            "/a//b",
            "/a/../b",
            "/a\"onload=x",
            "/",
            &long,
        ] {
            assert_eq!(
                cut("/queues", header),
                ("/queues".to_owned(), String::new())
            );
        }
    }
}
