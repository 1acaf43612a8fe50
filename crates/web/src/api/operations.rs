//! `/api/v1/operations`: changes of many jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;
use utoipa::ToSchema;

use super::asked::{Named, Sent};
use crate::app::App;
use crate::desk::Actor;
use crate::guard::Reached;
use crate::service::Problem;
use crate::service::jobs::JobVerb;
use crate::service::operations::{self, CarefulRetry, DryRun, Operation, OperationRequest};

/// What is to be done to which jobs.
// The fields of the request stand here again because serde refuses no unknown field beside a flattened one, and a
// misspelt `dry_run` would start what was only to be counted.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct Start {
    /// What is to be done.
    action: JobVerb,
    /// All jobs that match this query; an empty one means all jobs.
    query: Option<String>,
    /// The jobs with these keys, each if it is still where it was seen; 10,000 at most.
    #[schema(max_items = 10_000)]
    keys: Option<Vec<String>>,
    /// The queue that jobs are moved to.
    queue: Option<String>,
    /// How carefully jobs are retried; at once if it is left out.
    careful: Option<CarefulRetry>,
    /// Whether it is only to be counted what it would concern.
    #[serde(default)]
    dry_run: bool,
}

/// Starts a change of many jobs, which goes on by itself and acts on what matches now; or, with `dry_run`, counts what it would
/// concern.
#[utoipa::path(
    post, path = "/api/v1/operations", tag = "operations", operation_id = "startOperation",
    request_body(content = Start),
    responses(
        (status = 200, body = DryRun, description = "What it would concern"),
        (status = 202, body = Operation, description = "It was started")
    )
)]
pub(crate) async fn start_operation(
    State(app): State<Arc<App>>,
    actor: Actor,
    Reached(origin): Reached,
    Sent(asked): Sent<Start>,
) -> Result<Response, Problem> {
    let request = &OperationRequest {
        action: asked.action,
        query: asked.query,
        keys: asked.keys,
        queue: asked.queue,
        careful: asked.careful,
    };
    if asked.dry_run {
        let dry_run = operations::dry_run(&*app.desk, &actor, request, &origin).await?;
        return Ok(Json(dry_run).into_response());
    }
    let started = operations::start(&app.desk, &actor, request).await?;
    app.observer.look_again().await;
    Ok((StatusCode::ACCEPTED, Json(started)).into_response())
}

/// The operations that are remembered, a hundred at most, the latest started first.
#[utoipa::path(
    get, path = "/api/v1/operations", tag = "operations", operation_id = "listOperations",
    responses((status = 200, body = Vec<Operation>, description = "Operations"))
)]
pub(crate) async fn list_operations(
    State(app): State<Arc<App>>,
    actor: Actor,
) -> Result<Json<Vec<Operation>>, Problem> {
    Ok(Json(operations::list(&*app.desk, &actor).await?))
}

/// How far an operation is.
#[utoipa::path(
    get, path = "/api/v1/operations/{id}", tag = "operations", operation_id = "showOperation",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Operation, description = "The operation"))
)]
pub(crate) async fn show_operation(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(id): Named<String>,
) -> Result<Json<Operation>, Problem> {
    Ok(Json(operations::show(&*app.desk, &actor, &id).await?))
}

/// Stops an operation. What it has done is done.
#[utoipa::path(
    delete, path = "/api/v1/operations/{id}", tag = "operations", operation_id = "cancelOperation",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = Operation, description = "How far it came"))
)]
pub(crate) async fn cancel_operation(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(id): Named<String>,
) -> Result<Json<Operation>, Problem> {
    Ok(Json(operations::cancel(&*app.desk, &actor, &id).await?))
}
