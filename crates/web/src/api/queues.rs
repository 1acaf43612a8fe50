//! `/api/v1/queues` and `/api/v1/throttles`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::asked::{Asked, Named, PageParameters, QueueOfPath};
use super::job::Job;
use crate::app::App;
use crate::desk::Actor;
use crate::service::jobs::list_of;
use crate::service::queues::{self, Queue, QueueAction, ThrottledQueue};
use crate::service::{Page, Problem};
use workmill_store::Place;

/// Queues by name, as they were within the last second.
#[utoipa::path(
    get, path = "/api/v1/queues", tag = "queues", operation_id = "listQueues",
    params(PageParameters), responses((status = 200, body = Page<Queue>, description = "Queues"))
)]
pub(crate) async fn list_queues(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Queue>>, Problem> {
    let page = queues::list(&*app.desk, &app.observer, &page.into()).await?;
    Ok(Json(page))
}

/// One queue, as it was within the last second.
#[utoipa::path(
    get, path = "/api/v1/queues/{name}", tag = "queues", operation_id = "showQueue",
    params(QueueOfPath),
    responses((status = 200, body = Queue, description = "The queue"))
)]
pub(crate) async fn show_queue(
    State(app): State<Arc<App>>,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
) -> Result<Json<Queue>, Problem> {
    let queue = queues::show(&*app.desk, &app.observer, &name).await?;
    Ok(Json(queue))
}

/// The jobs that wait in a queue, in the order they are handed out.
#[utoipa::path(
    get, path = "/api/v1/queues/{name}/jobs", tag = "queues", operation_id = "listJobsOfQueue",
    params(QueueOfPath, PageParameters),
    responses((status = 200, body = Page<Job>, description = "Jobs"))
)]
pub(crate) async fn list_jobs_of_queue(
    State(app): State<Arc<App>>,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Job>>, Problem> {
    let place = Place::Queue(name.into());
    let page = list_of(&*app.desk, place, &page.into()).await?;
    Ok(Json(page.map(Job::from)))
}

/// Hands out no more jobs of a queue, also of one that does not exist yet. `*` means all there are.
#[utoipa::path(
    post, path = "/api/v1/queues/{name}/pause", tag = "queues", operation_id = "pauseQueue",
    params(QueueOfPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn pause_queue(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
) -> Result<StatusCode, Problem> {
    act(&app, &actor, QueueAction::Pause, &name).await
}

/// Hands out jobs of a queue again. `*` means all there are.
#[utoipa::path(
    post, path = "/api/v1/queues/{name}/resume", tag = "queues", operation_id = "resumeQueue",
    params(QueueOfPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn resume_queue(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
) -> Result<StatusCode, Problem> {
    act(&app, &actor, QueueAction::Resume, &name).await
}

/// Forgets a queue, with its pause and the jobs that wait in it.
#[utoipa::path(
    delete, path = "/api/v1/queues/{name}", tag = "queues", operation_id = "removeQueue",
    params(QueueOfPath),
    responses((status = 204, description = "Done"))
)]
pub(crate) async fn remove_queue(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(QueueOfPath { name }): Named<QueueOfPath>,
) -> Result<StatusCode, Problem> {
    act(&app, &actor, QueueAction::Remove, &name).await
}

async fn act(
    app: &App,
    actor: &Actor,
    action: QueueAction,
    name: &str,
) -> Result<StatusCode, Problem> {
    queues::act(&*app.desk, &app.observer, actor, action, name).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// The limits of queues, by the names of the queues.
#[utoipa::path(
    get, path = "/api/v1/throttles", tag = "queues", operation_id = "listThrottles",
    params(PageParameters),
    responses((status = 200, body = Page<ThrottledQueue>, description = "Limits"))
)]
pub(crate) async fn list_throttles(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<ThrottledQueue>>, Problem> {
    let page = queues::throttles(&*app.desk, &app.observer, &page.into()).await?;
    Ok(Json(page))
}
