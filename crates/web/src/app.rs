//! Which path leads where, and what every request passes.

use std::sync::Arc;

use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::http::StatusCode;
use axum::middleware::{from_fn_with_state, map_response};
use axum::routing::get;
use tower_http::compression::CompressionLayer;

use crate::desk::Desk;
use crate::guard::{authenticate, harden};
use crate::{assets, pages};

/// Bytes of a request's body, where a route does not say otherwise.
const BODY_BYTES_MAX: usize = 1 << 20;

/// What every handler gets.
pub(crate) struct App {
    pub(crate) desk: Arc<dyn Desk>,
}

/// The whole of it, as `port` serves it and tests call it.
pub fn build(desk: Arc<dyn Desk>) -> Router {
    let app = Arc::new(App { desk });
    Router::new()
        .merge(pages())
        .fallback(nothing_here)
        .layer(from_fn_with_state(Arc::clone(&app), authenticate))
        // They hold nothing that is secret, and browsers ask for some of them without a password.
        .route("/static/{hash}/{*name}", get(assets::serve))
        .layer(DefaultBodyLimit::max(BODY_BYTES_MAX))
        .layer(CompressionLayer::new())
        .layer(map_response(harden))
        .with_state(app)
}

/// The pages of people. A line for each path.
fn pages() -> Router<Arc<App>> {
    Router::new().route("/", get(pages::overview))
}

async fn nothing_here() -> (StatusCode, &'static str) {
    (StatusCode::NOT_FOUND, "there is no such page\n")
}
