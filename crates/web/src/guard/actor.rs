//! Who sends a request, for handlers.

use axum::extract::FromRequestParts;
use axum::http::StatusCode;
use axum::http::request::Parts;

use crate::desk::Actor;

impl<S: Sync> FromRequestParts<S> for Actor {
    type Rejection = StatusCode;

    /// A route that nobody guards has no actor: that is a bug, and nobody is let in by it.
    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, StatusCode> {
        let actor = parts.extensions.get().cloned();
        actor.ok_or(StatusCode::INTERNAL_SERVER_ERROR)
    }
}
