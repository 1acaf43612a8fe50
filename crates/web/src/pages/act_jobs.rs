//! What forms do to jobs: at Faktory's addresses and with its fields, so that scripts go on working.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use workmill_engine::query::JobState;
use workmill_store::{JobRef, Place};

use super::Frame;
use super::actions::{AGAIN, verb_of};
use super::forms::{Fields, invalid};
use super::links::{job_path, quoted};
use super::notice::Notice;
use super::sets::{place, state_at};
use crate::app::App;
use crate::service::jobs::{AgainRequest, JobVerb, act, list, push_again};
use crate::service::operations::{Operation, OperationRequest, start};
use crate::service::{LIMIT_MAX, PageRequest, Problem, ProblemKind};

/// Jobs that one form can name as Faktory does, by their ids: each has to be looked up.
const IDS_MAX: usize = 50;

/// Answers of a search that are waited for, for each id.
const ANSWERS_MAX: usize = 10;

/// `POST /scheduled`, `/retries` and `/morgue`: does something to the jobs under the keys, or to all of the set.
pub(crate) async fn on_set(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let keys = fields.all("key").collect();
    let done = change(&app, &frame, state_at(&frame.path), &fields, keys).await;
    frame.done(&frame.path, done)
}

/// `POST /retries/{key}` and `/scheduled/{key}`.
pub(crate) async fn on_entry(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(key): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let path = set_path(&frame);
    let done = match &*key {
        // The word for all of a set is a field of its form. In a path it comes from a script that meant something else.
        "all" => Err(invalid("key", &key)),
        key => change(&app, &frame, state_at(&path), &fields, vec![key]).await,
    };
    frame.done(&path, done)
}

/// `GET /retries/{key}`, `/scheduled/{key}` and `/morgue/{key}`: leads to the page of the job.
pub(crate) async fn entry(frame: Frame, Path(key): Path<String>) -> Response {
    let path = match key.split_once('|') {
        Some((_, jid)) => job_path(jid),
        None => set_path(&frame),
    };
    frame.leads_to(&path)
}

/// `POST /jobs/{jid}`.
pub(crate) async fn on_job(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(jid): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    if fields.first("action") == Some(AGAIN) {
        let asked = AgainRequest {
            key: fields.first("key").map(str::to_owned),
            ..AgainRequest::default()
        };
        return lead_to_new(&app, &frame, &jid, &asked).await;
    }
    let verb = match asked_verb(&fields) {
        Ok(verb) => verb,
        Err(problem) => return frame.show_problem(&problem),
    };
    let (desk, observer) = (&*app.desk, &app.observer);
    let which = (jid.as_str(), fields.first("key"));
    let done = act(desk, observer, &frame.actor, which, (verb, None)).await;
    let path = match verb {
        JobVerb::Delete => "/queues".to_owned(),
        _ => job_path(&jid),
    };
    let notice = done.map(|done| changed(&app, verb, done.jobs, done.audit));
    frame.done(&path, notice)
}

/// Pushes a job again, and leads to the new one.
async fn lead_to_new(app: &App, frame: &Frame, jid: &str, asked: &AgainRequest) -> Response {
    match push_again(&*app.desk, &app.observer, &frame.actor, jid, asked).await {
        Ok(pushed) => frame.done(&job_path(&pushed.jid), Ok(Notice::JobIsNew)),
        Err(problem) => frame.show_problem(&problem),
    }
}

/// Deletes jobs of a queue, which `bkey` names by their payloads.
pub(super) async fn delete_from_queue(
    app: &App,
    frame: &Frame,
    queue: &str,
    payloads: &[&str],
) -> Result<Notice, Problem> {
    let jids: Option<Vec<String>> = payloads.iter().map(|payload| jid_in(payload)).collect();
    let jids = jids.ok_or_else(|| {
        let detail = "a bkey is the payload of a job in base64url without padding";
        Problem::new(ProblemKind::Invalid, detail)
    })?;
    let keys = find(app, &Place::Queue(queue.into()), &jids).await?;
    operate(app, frame, request(JobVerb::Delete, None, Some(keys))).await
}

fn jid_in(payload: &str) -> Option<String> {
    let payload = URL_SAFE_NO_PAD.decode(payload).ok()?;
    let payload: serde_json::Value = serde_json::from_slice(&payload).ok()?;
    Some(payload.get("jid")?.as_str()?.to_owned())
}

/// Does what the form says to the jobs of a set that it names.
async fn change(
    app: &App,
    frame: &Frame,
    state: JobState,
    fields: &Fields,
    keys: Vec<&str>,
) -> Result<Notice, Problem> {
    let verb = match (asked_verb(fields)?, state) {
        // In Faktory both words put the jobs of any set into their queues.
        (JobVerb::Retry, JobState::Scheduled) => JobVerb::Enqueue,
        (JobVerb::Enqueue, JobState::Retries | JobState::Dead) => JobVerb::Retry,
        (verb, _) => verb,
    };
    if keys == ["all"] {
        let all = format!("state:{}", state.as_str());
        return operate(app, frame, request(verb, Some(all), None)).await;
    }
    let mut named: Vec<String> = Vec::new();
    let mut jids = Vec::new();
    for key in keys {
        match key.split_once('|') {
            // As Faktory names it: its moment and its id.
            Some((_, jid)) => jids.push(jid.to_owned()),
            None if JobRef::parse(key).is_some() => named.push(key.to_owned()),
            None => return Err(invalid("key", key)),
        }
    }
    named.extend(find(app, &place(state), &jids).await?);
    operate(app, frame, request(verb, None, Some(named))).await
}

fn asked_verb(fields: &Fields) -> Result<JobVerb, Problem> {
    let action = fields.first("action").unwrap_or_default();
    verb_of(action).ok_or_else(|| invalid("action", action))
}

/// What is to be done to the jobs of a query, or to those under the keys.
fn request(verb: JobVerb, query: Option<String>, keys: Option<Vec<String>>) -> OperationRequest {
    OperationRequest {
        action: verb,
        query,
        keys,
        queue: None,
        careful: None,
    }
}

async fn operate(app: &App, frame: &Frame, request: OperationRequest) -> Result<Notice, Problem> {
    let verb = request.action;
    let operation: Operation = start(&app.desk, &frame.actor, &request).await?;
    app.observer.look_again().await;
    Ok(match operation.state {
        "running" => Notice::JobsGoingOn(operation.changed),
        _ => changed(app, verb, operation.changed, operation.audit),
    })
}

/// What is told of a change that has ended, with the way to undo it if there is one.
fn changed(app: &App, verb: JobVerb, jobs: u64, action: Option<u64>) -> Notice {
    let takes_away = matches!(verb, JobVerb::Delete | JobVerb::Kill);
    let is_kept = takes_away && jobs > 0 && app.desk.rules().trash_secs > 0;
    match action.filter(|_| is_kept) {
        Some(action) => Notice::JobsTaken(jobs, action),
        None => Notice::JobsChanged(jobs),
    }
}

/// The keys of the jobs in a place that have these ids.
async fn find(app: &App, place: &Place, jids: &[String]) -> Result<Vec<String>, Problem> {
    if jids.len() > IDS_MAX {
        let detail = format!("at most {IDS_MAX} jobs can be named by their ids at a time");
        return Err(Problem::new(ProblemKind::Invalid, detail));
    }
    let mut keys = Vec::new();
    for jid in jids {
        keys.extend(find_one(app, place, jid).await?);
    }
    Ok(keys)
}

/// The keys of the jobs in a place that have this id.
async fn find_one(app: &App, place: &Place, jid: &str) -> Result<Vec<String>, Problem> {
    // Asked for an id and nothing else, the store looks it up; among those of a state it would be searched for.
    let query = format!("jid:{}", quoted(jid));
    let mut asked = PageRequest {
        cursor: None,
        limit: Some(LIMIT_MAX),
    };
    let mut keys = Vec::new();
    for _ in 0..ANSWERS_MAX {
        let list = list(&*app.desk, &query, &asked).await?;
        let there = list.jobs.iter().filter(|job| job.place == *place);
        keys.extend(there.map(|job| job.key.to_string()));
        asked.cursor = list.found.cursor;
        if asked.cursor.is_none() {
            return Ok(keys);
        }
    }
    let detail = format!(
        "the job {jid} was not found among so many in time, and nothing was done: name it by its key, as the API shows it"
    );
    Err(Problem::new(ProblemKind::Unavailable, detail))
}

/// The path of the set that a path is below.
fn set_path(frame: &Frame) -> String {
    let mut parts = frame.path.split('/');
    format!("/{}", parts.nth(1).unwrap_or_default())
}
