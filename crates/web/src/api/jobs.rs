//! `/api/v1/jobs` and `/api/v1/sets`: jobs that match a query or are in a place, and the one with an id; what can be done to it.

use std::sync::Arc;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::{IntoParams, ToSchema};
use workmill_proto::SetName;
use workmill_store::Place;

use super::asked::{Asked, Named, PageParameters, Sent};
use super::job::{Job, JobWithTimeline};
use crate::app::App;
use crate::desk::Actor;
use crate::service::jobs::{
    self, AgainRequest, Concerned, EditRequest, JobVerb, Pushed, PushedMany,
};
use crate::service::{Page, PageRequest, Problem, ProblemKind};

#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParameters {
    /// Which jobs; all if it is left out.
    #[serde(default)]
    #[param(required = false, max_length = 1_000)]
    query: String,
    /// How many at most; 100 if it is left out.
    #[param(minimum = 1, maximum = 500)]
    limit: Option<usize>,
    /// Where to go on: the `cursor` of the last answer; from the start if it is left out.
    cursor: Option<String>,
}

/// Some of the jobs that match, and how far the search is.
#[derive(Debug, Serialize, ToSchema)]
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

/// Jobs that match a query, and how far the search is.
#[utoipa::path(
    get, path = "/api/v1/jobs", tag = "jobs", operation_id = "listJobs",
    params(ListParameters), responses((status = 200, body = Jobs, description = "Jobs"))
)]
pub(crate) async fn list_jobs(
    State(app): State<Arc<App>>,
    Asked(asked): Asked<ListParameters>,
) -> Result<Json<Jobs>, Problem> {
    let page = PageRequest {
        cursor: asked.cursor,
        limit: asked.limit,
    };
    let list = jobs::list(&*app.desk, &asked.query, &page).await?;
    Ok(Json(Jobs {
        jobs: list.jobs.into_iter().map(Job::from).collect(),
        cursor: list.found.cursor,
        looked_at: list.found.looked_at,
        of: list.found.of,
        unknown: list.found.unknown,
    }))
}

/// Which of several jobs with one id is meant.
#[derive(Debug, Deserialize, IntoParams)]
#[serde(deny_unknown_fields)]
#[into_params(parameter_in = Query)]
pub(crate) struct KeyParameter {
    /// The key of the job, as it is shown. With it the job is found at once; without, all jobs may have to be looked at.
    #[param(example = "j35253091565568")]
    pub(super) key: Option<String>,
}

/// The job with this id. If there are several, the one under the key; without, one that works, else one in a queue.
#[utoipa::path(
    get, path = "/api/v1/jobs/{jid}", tag = "jobs", operation_id = "showJob",
    params(("jid" = String, Path, description = "Its id"), KeyParameter),
    responses((status = 200, body = JobWithTimeline, description = "The job, and what happened to it"))
)]
pub(crate) async fn show_job(
    State(app): State<Arc<App>>,
    Named(jid): Named<String>,
    Asked(asked): Asked<KeyParameter>,
) -> Result<Json<JobWithTimeline>, Problem> {
    let job = jobs::show(&*app.desk, &jid, asked.key.as_deref()).await?;
    Ok(Json(job.into()))
}

/// The jobs of a set, by time: `scheduled`, `retries` or `dead`; `completed`, the latest first; or those that work: `working`.
#[utoipa::path(
    get, path = "/api/v1/sets/{name}", tag = "jobs", operation_id = "listJobsOfSet",
    params(
        ("name" = String, Path, description = "Which one", pattern = "^(scheduled|retries|dead|completed|working)$"),
        PageParameters
    ),
    responses((status = 200, body = Page<Job>, description = "Jobs"))
)]
pub(crate) async fn list_jobs_of_set(
    State(app): State<Arc<App>>,
    Named(name): Named<String>,
    Asked(page): Asked<PageParameters>,
) -> Result<Json<Page<Job>>, Problem> {
    let place = match &*name {
        "working" => Place::Working,
        name => Place::Set(SetName::parse(name).ok_or_else(|| {
            let detail = "there are the sets scheduled, retries, dead, completed and working";
            Problem::new(ProblemKind::NotFound, detail)
        })?),
    };
    let page = jobs::list_of(&*app.desk, place, &page.into()).await?;
    Ok(Json(page.map(Job::from)))
}

/// Pushes a job, as a PUSH of this payload would. One without a `jid` gets one.
#[utoipa::path(
    post, path = "/api/v1/jobs", tag = "jobs", operation_id = "pushJob",
    request_body(content = NewJob),
    responses((status = 201, body = Pushed, description = "Pushed"))
)]
pub(crate) async fn push_job(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(payload): Sent<Box<RawValue>>,
) -> Result<(StatusCode, Json<Pushed>), Problem> {
    let pushed = jobs::push(&*app.desk, &app.observer, &actor, &payload).await?;
    Ok((StatusCode::CREATED, Json(pushed)))
}

/// Pushes jobs, as a PUSHB would: those that are refused hold up no others.
#[utoipa::path(
    post, path = "/api/v1/jobs/bulk", tag = "jobs", operation_id = "pushJobs",
    request_body(content = Vec<NewJob>),
    responses((status = 200, body = PushedMany, description = "How many were pushed, and which were refused"))
)]
pub(crate) async fn push_jobs(
    State(app): State<Arc<App>>,
    actor: Actor,
    Sent(payloads): Sent<Vec<Box<RawValue>>>,
) -> Result<Json<PushedMany>, Problem> {
    let pushed = jobs::push_many(&*app.desk, &app.observer, &actor, &payloads).await?;
    Ok(Json(pushed))
}

/// A job to push. Members that are not named here are kept with it.
#[derive(ToSchema)]
#[expect(dead_code, reason = "what is sent goes to the server as it is")]
pub(crate) struct NewJob {
    /// Its id, at least 8 characters; one is made if it is left out.
    #[schema(required = false)]
    jid: String,
    /// Its type.
    jobtype: String,
    /// Its arguments.
    args: Vec<serde_json::Value>,
    /// Its queue; `default` if it is left out.
    #[schema(required = false)]
    queue: String,
}

/// Which of several jobs with the same id, and where it is moved to.
#[derive(Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct JobAction {
    /// The key of the job; it can be left out if no other job has the same id.
    #[serde(default)]
    key: Option<String>,
    /// The queue that the job is moved to.
    #[serde(default)]
    queue: Option<String>,
}

/// Gives a job another type, queue, arguments or `custom`, if it has not changed since it was shown and no worker has it; and enqueues it
/// again.
#[utoipa::path(
    put, path = "/api/v1/jobs/{jid}", tag = "jobs", operation_id = "editJob",
    params(("jid" = String, Path, description = "Its id")),
    request_body(content = EditRequest),
    responses((status = 200, body = Concerned, description = "How many jobs it concerned"))
)]
pub(crate) async fn edit_job(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(jid): Named<String>,
    Sent(asked): Sent<EditRequest>,
) -> Result<Json<Concerned>, Problem> {
    let edited = jobs::edit(&*app.desk, &app.observer, &actor, &jid, &asked).await?;
    Ok(Json(edited))
}

/// Pushes a new job with the payload of a completed or dead one, which stays as it is. The new one belongs to no batch.
#[utoipa::path(
    post, path = "/api/v1/jobs/{jid}/again", tag = "jobs", operation_id = "pushJobAgain",
    params(("jid" = String, Path, description = "Its id")),
    request_body(content = AgainRequest),
    responses((status = 201, body = Pushed, description = "Pushed"))
)]
pub(crate) async fn push_job_again(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named(jid): Named<String>,
    Sent(asked): Sent<AgainRequest>,
) -> Result<(StatusCode, Json<Pushed>), Problem> {
    let pushed = jobs::push_again(&*app.desk, &app.observer, &actor, &jid, &asked).await?;
    Ok((StatusCode::CREATED, Json(pushed)))
}

/// Does something to a job: `retry` (dead, or waits to be tried again), `enqueue` (scheduled), `requeue`, `kill`, `delete`, `move`.
#[utoipa::path(
    post, path = "/api/v1/jobs/{jid}/{action}", tag = "jobs", operation_id = "actOnJob",
    params(
        ("jid" = String, Path, description = "Its id"),
        ("action" = JobVerb, Path, description = "What is to be done")
    ),
    request_body(content = JobAction),
    responses((status = 200, body = Concerned, description = "How many jobs it concerned"))
)]
pub(crate) async fn act_on_job(
    State(app): State<Arc<App>>,
    actor: Actor,
    Named((jid, action)): Named<(String, String)>,
    Sent(asked): Sent<JobAction>,
) -> Result<Json<Concerned>, Problem> {
    let Some(verb) = JobVerb::parse(&action) else {
        let detail = "the actions on a job are retry, enqueue, requeue, kill, delete and move";
        return Err(Problem::new(ProblemKind::NotFound, detail));
    };
    let (job, what) = (
        (&*jid, asked.key.as_deref()),
        (verb, asked.queue.as_deref()),
    );
    let concerned = jobs::act(&*app.desk, &app.observer, &actor, job, what).await?;
    Ok(Json(concerned))
}
