//! `/api/v1/jobs`: jobs that match a query, and the one with an id.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::{PathRejection, QueryRejection};
use axum::extract::{Path, Query, State};
use serde::{Deserialize, Serialize};

use super::job::Job;
use crate::app::App;
use crate::service::jobs::{list, show};
use crate::service::{PageRequest, Problem, ProblemKind};

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ListParameters {
    /// All jobs, if there is none.
    #[serde(default)]
    query: String,
    limit: Option<usize>,
    cursor: Option<String>,
}

/// Some of the jobs that match, and how far the search is.
#[derive(Debug, Serialize)]
pub(crate) struct Jobs {
    jobs: Vec<Job>,
    /// Where to go on; null if everything has been looked at.
    cursor: Option<String>,
    /// How many jobs have been looked at since the search began.
    looked_at: u64,
    /// About how many there are to look at.
    of: u64,
    /// Of how many it could not be told whether they match.
    unknown: u64,
}

pub(crate) async fn list_jobs(
    State(app): State<Arc<App>>,
    parameters: Result<Query<ListParameters>, QueryRejection>,
) -> Result<Json<Jobs>, Problem> {
    let invalid = |error: QueryRejection| Problem::new(ProblemKind::Invalid, error.body_text());
    let Query(asked) = parameters.map_err(invalid)?;
    let page = PageRequest {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let list = list(&*app.desk, &asked.query, &page).await?;
    Ok(Json(Jobs {
        jobs: list.jobs.into_iter().map(Job::from).collect(),
        cursor: list.found.cursor,
        looked_at: list.found.looked_at,
        of: list.found.of,
        unknown: list.found.unknown,
    }))
}

pub(crate) async fn show_job(
    State(app): State<Arc<App>>,
    jid: Result<Path<String>, PathRejection>,
) -> Result<Json<Job>, Problem> {
    let invalid = |error: PathRejection| Problem::new(ProblemKind::Invalid, error.body_text());
    let Path(jid) = jid.map_err(invalid)?;
    Ok(Json(show(&*app.desk, &jid).await?.into()))
}
