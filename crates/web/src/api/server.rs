//! `/api/v1/server`, `/api/v1/settings`, `/api/v1/counters` and `/api/v1/days`.

use std::collections::BTreeMap;
use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::{IntoParams, ToSchema};

use super::asked::{Asked, Sent};
use crate::app::App;
use crate::desk::Actor;
use crate::service::server::{self, Counters, Day, Server};
use crate::service::{Problem, ProblemKind};

/// What the server is, and how it fares.
#[utoipa::path(
    get, path = "/api/v1/server", tag = "server", operation_id = "showServer",
    responses((status = 200, body = Server, description = "The server"))
)]
pub(crate) async fn show_server(State(app): State<Arc<App>>) -> Json<Server> {
    Json(server::server(&*app.desk).await)
}

/// Every setting, without secrets.
#[utoipa::path(
    get, path = "/api/v1/settings", tag = "server", operation_id = "showSettings",
    responses((status = 200, body = BTreeMap<String, String>, description = "Settings by their keys"))
)]
pub(crate) async fn show_settings(State(app): State<Arc<App>>) -> Json<BTreeMap<String, String>> {
    Json(server::settings(&*app.desk))
}

/// How many jobs are where, and what has been counted of all time.
#[utoipa::path(
    get, path = "/api/v1/counters", tag = "server", operation_id = "showCounters",
    responses((status = 200, body = Counters, description = "Counters"))
)]
pub(crate) async fn show_counters(State(app): State<Arc<App>>) -> Result<Json<Counters>, Problem> {
    Ok(Json(server::counters(&*app.desk).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct DaysParameters {
    /// How many days; 30 if it is left out.
    #[param(minimum = 1, maximum = 366)]
    days: Option<i64>,
}

/// What was counted on the last days, by UTC days, today last.
#[utoipa::path(
    get, path = "/api/v1/days", tag = "server", operation_id = "showDays",
    params(DaysParameters), responses((status = 200, body = Vec<Day>, description = "Days"))
)]
pub(crate) async fn show_days(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<DaysParameters>,
) -> Result<Json<Vec<Day>>, Problem> {
    Ok(Json(server::days(&*app.desk, asked.days).await?))
}

/// That it is meant.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Everything {
    /// True: all jobs, queues, batches and locks are to be forgotten.
    everything: bool,
}

/// Forgets all jobs, queues, batches and locks there are.
#[utoipa::path(
    post, path = "/api/v1/flush", tag = "server", operation_id = "flush",
    request_body(content = Everything),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn flush(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(meant): Sent<Everything>,
) -> Result<StatusCode, Problem> {
    if !meant.everything {
        let detail = "this forgets every job there is: send {\"everything\": true} if it is meant";
        return Err(Problem::new(ProblemKind::Invalid, detail));
    }
    server::flush(&*app.desk, &app.observer, &actor).await?;
    Ok(StatusCode::NO_CONTENT)
}
