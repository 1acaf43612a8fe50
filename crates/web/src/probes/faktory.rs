//! `/stats` and `/health`, as Faktory answers them.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderName;
use axum::http::header::{CACHE_CONTROL, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

use crate::app::App;
use crate::service::Problem;

const NO_CACHE: (HeaderName, &str) = (CACHE_CONTROL, "no-cache");

/// In Faktory's order: its maps are sorted.
#[derive(Serialize)]
struct Health {
    now: String,
    server: HealthOfServer,
}

#[derive(Serialize)]
struct HealthOfServer {
    command_count: u64,
    connections: u64,
    description: &'static str,
    faktory_version: &'static str,
}

/// What can be said without touching the store, to anybody.
pub(crate) async fn health(State(app): State<Arc<App>>) -> impl IntoResponse {
    let (facts, numbers) = (app.desk.facts(), app.desk.numbers());
    let health = Health {
        now: app.desk.now().to_string(),
        server: HealthOfServer {
            command_count: numbers.commands,
            connections: numbers.connections,
            description: facts.description,
            faktory_version: facts.faktory_version,
        },
    };
    ([NO_CACHE], Json(health))
}

/// INFO.
pub(crate) async fn stats(State(app): State<Arc<App>>) -> Result<Response, Problem> {
    let totals = app.desk.read(|reading| reading.totals()).await?;
    let headers = [NO_CACHE, (CONTENT_TYPE, "application/json")];
    Ok((headers, app.desk.info(&totals)).into_response())
}
