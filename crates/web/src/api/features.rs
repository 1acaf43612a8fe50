//! `/api/v1/batches`, `/api/v1/locks` and `/api/v1/cron`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Asked, Named, PageParameters};
use crate::app::App;
use crate::desk::Actor;
use crate::service::batches::{self, Batch, BatchFamily};
use crate::service::cron::{self, CronEntry};
use crate::service::jobs::Pushed;
use crate::service::locks::{self, JobLock};
use crate::service::{Page, Problem};

/// Batches, in the order they were made.
#[utoipa::path(
    get, path = "/api/v1/batches", tag = "batches", operation_id = "listBatches",
    params(PageParameters), responses((status = 200, body = Page<Batch>, description = "Batches"))
)]
pub(crate) async fn list_batches(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Batch>>, Problem> {
    Ok(Json(batches::list(&*app.desk, &page.into()).await?))
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ChildrenParameters {
    /// Where its children go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
}

/// One batch, those that wait for it, and those it waits for.
#[utoipa::path(
    get, path = "/api/v1/batches/{bid}", tag = "batches", operation_id = "showBatch",
    params(("bid" = String, Path, description = "Its id"), ChildrenParameters),
    responses((status = 200, body = BatchFamily, description = "The batch"))
)]
pub(crate) async fn show_batch(
    State(app): State<Arc<App>>,
    Named(bid): Named<String>,
    Asked(asked): Asked<ChildrenParameters>,
) -> Result<Json<BatchFamily>, Problem> {
    let family = batches::show(&*app.desk, &bid, asked.cursor.as_deref()).await?;
    Ok(Json(family))
}

/// Locks of unique jobs, in the order of their keys.
#[utoipa::path(
    get, path = "/api/v1/locks", tag = "locks", operation_id = "listLocks",
    params(PageParameters), responses((status = 200, body = Page<JobLock>, description = "Locks"))
)]
pub(crate) async fn list_locks(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<JobLock>>, Problem> {
    Ok(Json(locks::list(&*app.desk, &page.into()).await?))
}

/// Recurring jobs, by name.
#[utoipa::path(
    get, path = "/api/v1/cron", tag = "cron", operation_id = "listCron",
    params(PageParameters), responses((status = 200, body = Page<CronEntry>, description = "Entries"))
)]
pub(crate) async fn list_cron(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<CronEntry>>, Problem> {
    Ok(Json(cron::list(&*app.desk, &page.into()).await?))
}

/// One recurring job.
#[utoipa::path(
    get, path = "/api/v1/cron/{name}", tag = "cron", operation_id = "showCron",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 200, body = CronEntry, description = "The entry"))
)]
pub(crate) async fn show_cron(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
) -> Result<Json<CronEntry>, Problem> {
    Ok(Json(cron::show(&*app.desk, &name).await?))
}

/// Pushes a job of a recurring one now. Its ticks stay as they are.
#[utoipa::path(
    post, path = "/api/v1/cron/{name}/run", tag = "cron", operation_id = "runCron",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 201, body = Pushed, description = "Pushed"))
)]
pub(crate) async fn run_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(name): Named<String>,
) -> Result<(StatusCode, Json<Pushed>), Problem> {
    let pushed = cron::run_now(&*app.desk, &app.observer, &actor, &name).await?;
    Ok((StatusCode::CREATED, Json(pushed)))
}

/// Pauses a recurring job: its ticks pass without a job, also after a restart, until it is resumed.
#[utoipa::path(
    post, path = "/api/v1/cron/{name}/pause", tag = "cron", operation_id = "pauseCron",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is paused"))
)]
pub(crate) async fn pause_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    cron::switch(&*app.desk, &actor, &name, true).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Lets a recurring job run again. Ticks that have passed are not made up for.
#[utoipa::path(
    post, path = "/api/v1/cron/{name}/resume", tag = "cron", operation_id = "resumeCron",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It runs from its next tick on"))
)]
pub(crate) async fn resume_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    cron::switch(&*app.desk, &actor, &name, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
