//! `/api/v1/queues/{name}/scaling`: how much work a queue has, for autoscalers.

use std::sync::Arc;

use axum::Json;
use axum::extract::{Path, State};
use serde::Serialize;
use utoipa::ToSchema;

use crate::app::App;
use crate::service::Problem;

/// What an autoscaler goes by. A queue that nobody has pushed to yet has zeros: that is no error to it.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Scaling {
    queue: String,
    /// Jobs that wait.
    size: u64,
    /// Jobs that run.
    working: u64,
    /// Both together: a worker that is busy is needed still.
    backlog: u64,
    /// How long the next job has waited, in seconds.
    latency: f64,
    /// In how many seconds the queue is empty if it goes on as in the last minutes; null if it does not shrink, or nobody has
    /// asked within them.
    eta: Option<f64>,
}

/// How much work a queue has, for autoscalers. One that nobody has pushed to yet has zeros.
#[utoipa::path(
    get, path = "/api/v1/queues/{name}/scaling", tag = "queues", operation_id = "showScaling",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = Scaling, description = "How much work it has"))
)]
pub(crate) async fn scaling(
    State(app): State<Arc<App>>,
    Path(queue): Path<String>,
) -> Result<Json<Scaling>, Problem> {
    let observed = app.observer.now(&*app.desk).await?;
    let now = observed.queues.get(&*queue).copied().unwrap_or_default();
    Ok(Json(Scaling {
        size: now.size,
        working: now.working,
        backlog: now.size + now.working,
        latency: now.latency_secs,
        eta: app.observer.empty_in(&queue).await,
        queue,
    }))
}
