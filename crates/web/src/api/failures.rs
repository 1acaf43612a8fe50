//! `/api/v1/failures`: failed jobs by what they have in common.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::Deserialize;
use utoipa::IntoParams;

use super::asked::{Asked, Named};
use crate::app::App;
use crate::service::failures::{self, FailureGroup, FailureList, FailureOrder};
use crate::service::{PageRequest, Problem};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct FailureParameters {
    /// `jobs`: those with the most jobs first; `last`: those that failed last first. `jobs` if it is left out.
    #[param(inline)]
    sort: Option<FailureOrder>,
    /// Where to go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
    /// How many at most; 100 if it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
}

/// Groups of jobs that wait for another try, or are dead, and failed in the same way.
#[utoipa::path(
    get, path = "/api/v1/failures", tag = "failures", operation_id = "listFailures",
    params(FailureParameters), responses((status = 200, body = FailureList, description = "Groups"))
)]
pub(crate) async fn list_failures(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<FailureParameters>,
) -> Result<Json<FailureList>, Problem> {
    let page = PageRequest {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let order = asked.sort.unwrap_or_default();
    Ok(Json(failures::list(&*app.desk, order, &page).await?))
}

/// One group. Its jobs are found by its `query`.
#[utoipa::path(
    get, path = "/api/v1/failures/{id}", tag = "failures", operation_id = "showFailure",
    params(("id" = String, Path, description = "Its id")),
    responses((status = 200, body = FailureGroup, description = "The group"))
)]
pub(crate) async fn show_failure(
    State(app): State<Arc<App>>,
    Named(id): Named<String>,
) -> Result<Json<FailureGroup>, Problem> {
    Ok(Json(failures::show(&*app.desk, &id).await?))
}
