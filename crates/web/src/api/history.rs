//! `/api/v1/history` and `/api/v1/jobtypes`: what happened to jobs over time.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::asked::Asked;
use crate::app::App;
use crate::service::history::{
    self, History, HistoryOf, HistoryRange, Jobtype, TypesRange, history,
};
use crate::service::{PageRequest, Problem, ProblemKind};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct HistoryParameters {
    /// How far back; an hour if it is left out.
    #[param(pattern = "^(1h|6h|1d|7d|30d|180d)$")]
    range: Option<String>,
    /// What happened to the jobs of this queue alone.
    queue: Option<String>,
    /// What happened to the jobs of this type alone.
    jobtype: Option<String>,
}

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct JobtypesParameters {
    /// How far back; a day if it is left out.
    #[param(pattern = "^(1h|1d|30d)$")]
    range: Option<String>,
    /// How many at most; 100 if it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// Where to go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
}

/// Some of the types there are.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Jobtypes {
    jobtypes: Vec<Jobtype>,
    /// Where to go on; null if there are no more.
    cursor: Option<String>,
}

/// What happened to jobs over time: to all, or to those of one queue or type.
#[utoipa::path(
    get, path = "/api/v1/history", tag = "history", operation_id = "showHistory",
    params(HistoryParameters), responses((status = 200, body = History, description = "Its steps"))
)]
pub(crate) async fn show_history(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<HistoryParameters>,
) -> Result<Json<History>, Problem> {
    let names = || HistoryRange::ALL.map(HistoryRange::name).join(", ");
    let range = read_range(asked.range, HistoryRange::of_name, names)?;
    let of = match (asked.queue, asked.jobtype) {
        (None, None) => HistoryOf::All,
        (Some(queue), None) => HistoryOf::Queue(queue),
        (None, Some(jobtype)) => HistoryOf::Jobtype(jobtype),
        (Some(_), Some(_)) => {
            let detail = "history is kept by queue and by type: name one of both";
            return Err(Problem::new(ProblemKind::Invalid, detail));
        }
    };
    Ok(Json(history(&*app.desk, range, &of).await?))
}

/// What types of jobs are like: how many, how many failed, how long they waited and ran.
#[utoipa::path(
    get, path = "/api/v1/jobtypes", tag = "history", operation_id = "listJobtypes",
    params(JobtypesParameters), responses((status = 200, body = Jobtypes, description = "Types"))
)]
pub(crate) async fn list_jobtypes(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<JobtypesParameters>,
) -> Result<Json<Jobtypes>, Problem> {
    let names = || TypesRange::ALL.map(TypesRange::name).join(", ");
    let range = read_range(asked.range, TypesRange::of_name, names)?;
    let page = PageRequest {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let page = history::jobtypes(&*app.desk, range, &page).await?;
    Ok(Json(Jobtypes {
        jobtypes: page.items,
        cursor: page.cursor,
    }))
}

/// The range of a name, or the usual one.
fn read_range<R: Default>(
    name: Option<String>,
    of_name: impl Fn(&str) -> Option<R>,
    names: impl Fn() -> String,
) -> Result<R, Problem> {
    let Some(name) = name else {
        return Ok(R::default());
    };
    let wrong = || {
        let detail = format!("range is to be one of {}", names());
        Problem::new(ProblemKind::Invalid, detail)
    };
    of_name(&name).ok_or_else(wrong)
}
