//! `/api/v1/batches` and `/api/v1/locks`.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Asked, Named, PageParameters};
use crate::app::App;
use crate::service::batches::{self, Batch, BatchFamily};
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
