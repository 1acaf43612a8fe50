//! `/api/v1/cron`: recurring jobs.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;

use super::asked::{Asked, Named, PageParameters, Sent};
use crate::app::App;
use crate::desk::Actor;
use crate::service::cron::{self, CronEntry, CronRequest, Saving};
use crate::service::jobs::Pushed;
use crate::service::{Page, Problem};

/// Recurring jobs, by name: those of the configuration, and those that were made by the API.
#[utoipa::path(
    get, path = "/api/v1/cron", tag = "cron", operation_id = "listCron",
    params(PageParameters), responses((status = 200, body = Page<CronEntry>, description = "Entries"))
)]
pub(crate) async fn list_cron(
    State(app): State<Arc<App>>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<CronEntry>>, Problem> {
    let page = cron::list(&*app.desk, &app.observer, &page.into()).await?;
    Ok(Json(page))
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
    Ok(Json(cron::show(&*app.desk, &app.observer, &name).await?))
}

/// Makes a recurring job beside those of the configuration; or, with `dry_run`, tells what it would be like. There must be none
/// of its name yet.
#[utoipa::path(
    post, path = "/api/v1/cron", tag = "cron", operation_id = "createCron",
    request_body(content = CronRequest),
    responses(
        (status = 200, body = CronEntry, description = "What it would be like"),
        (status = 201, body = CronEntry, description = "It is kept")
    )
)]
pub(crate) async fn create_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(asked): Sent<CronRequest>,
) -> Result<(StatusCode, Json<CronEntry>), Problem> {
    let entry = save(&app, &actor, Saving::New, &asked).await?;
    let status = match asked.dry_run {
        true => StatusCode::OK,
        false => StatusCode::CREATED,
    };
    Ok((status, Json(entry)))
}

/// Makes a recurring job beside those of the configuration, or replaces the one of this name that was made before; or, with
/// `dry_run`, tells what it would be like. What is due at this moment runs as it was. Whether it is paused stays.
#[utoipa::path(
    put, path = "/api/v1/cron/{name}", tag = "cron", operation_id = "replaceCron",
    params(("name" = String, Path, description = "Its name")),
    request_body(content = CronRequest),
    responses((status = 200, body = CronEntry, description = "It is kept, or what it would be like"))
)]
pub(crate) async fn replace_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(name): Named<String>,
    Sent(asked): Sent<CronRequest>,
) -> Result<Json<CronEntry>, Problem> {
    let entry = save(&app, &actor, Saving::Under(&name), &asked).await?;
    Ok(Json(entry))
}

async fn save(
    app: &App,
    actor: &Actor,
    saving: Saving<'_>,
    asked: &CronRequest,
) -> Result<CronEntry, Problem> {
    let (desk, observer) = (&*app.desk, &app.observer);
    match asked.dry_run {
        true => cron::preview(desk, observer, actor, saving, asked).await,
        false => cron::save(desk, observer, actor, saving, asked).await,
    }
}

/// Deletes a recurring job that was made by the API. What is due at this moment still runs.
#[utoipa::path(
    delete, path = "/api/v1/cron/{name}", tag = "cron", operation_id = "deleteCron",
    params(("name" = String, Path, description = "Its name")),
    responses((status = 204, description = "It is gone"))
)]
pub(crate) async fn delete_cron(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(name): Named<String>,
) -> Result<StatusCode, Problem> {
    cron::delete(&*app.desk, &app.observer, &actor, &name).await?;
    Ok(StatusCode::NO_CONTENT)
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
    cron::switch(&*app.desk, &app.observer, &actor, &name, true).await?;
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
    cron::switch(&*app.desk, &app.observer, &actor, &name, false).await?;
    Ok(StatusCode::NO_CONTENT)
}
