//! `/jobs/{jid}`: one job.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde_json::value::RawValue;
use workmill_proto::{Failure, Timestamp};

use super::Frame;
use super::actions::{JobAction, job_actions};
use super::failures::failure_path;
use super::job_rows::JobRow;
use super::json::Pretty;
use super::links::{KeyParameter, batch_path};
use super::reasons::told;
use super::timeline::{Line, lines};
use crate::app::App;
use crate::desk::Action;
use crate::locale::{Markup, Phrase};
use crate::service::failures::others_like;
use crate::service::jobs::{JobView, Payload, Timeline};
use crate::service::why::{Why, why_job};
use crate::service::{Problem, ProblemKind};

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage<'a> {
    frame: &'a Frame,
    job: JobRow,
    /// Why it does not run, or what it is doing.
    reasons: Vec<Markup>,
    /// What will hold it up when its time has come.
    then: Vec<Markup>,
    /// What may be done to it.
    actions: Vec<JobAction>,
    /// Where it can be edited; none if it cannot.
    edit_path: Option<String>,
    /// What happened, and what comes next.
    timeline: Vec<Line>,
    earlier_failures: Option<Phrase<'static>>,
    args: Option<Json>,
    custom: Option<Json>,
    failure: Option<Failure>,
    failed_at: Option<Timestamp>,
    created_at: Option<Timestamp>,
    reserve_for: Option<Duration>,
    retry: Option<String>,
    batch: Option<Markup>,
    /// The group of jobs that failed in the same way, and how many others are in it.
    same_failures: Option<(String, u64)>,
}

/// JSON, for people and as it is.
struct Json {
    pretty: Pretty,
    raw: String,
}

impl Json {
    fn of(raw: &RawValue) -> Self {
        Self {
            pretty: Pretty::of(raw.get()),
            raw: raw.get().to_owned(),
        }
    }
}

pub(crate) async fn job(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(jid): Path<String>,
    Query(asked): Query<KeyParameter>,
) -> Response {
    match look(&app, &jid, asked.key.as_deref()).await {
        Ok((view, why)) => {
            let others = others_like(&*app.desk, &view).await;
            frame.show(others.map(|others| {
                let same_failures = others.map(|(id, others)| (failure_path(&id), others));
                JobPage {
                    same_failures,
                    ..page(&frame, view, &why)
                }
            }))
        }
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            frame.show_problem(&Problem::new(problem.kind, frame.t.job_gone))
        }
        Err(problem) => frame.show_problem(&problem),
    }
}

/// The job under the key, if it is still there, else one with the id: it may have moved on.
async fn look(app: &App, jid: &str, key: Option<&str>) -> Result<(JobView, Why), Problem> {
    let found = why_job(&*app.desk, &app.observer, jid, key).await;
    match found {
        Err(problem) if key.is_some() && problem.kind != ProblemKind::Unavailable => {
            why_job(&*app.desk, &app.observer, jid, None).await
        }
        found => found,
    }
}

fn page<'a>(frame: &'a Frame, view: JobView, why: &Why) -> JobPage<'a> {
    let payload = Payload::of(&view.job).unwrap_or_default();
    let text = |raw: &Option<Box<RawValue>>| raw.as_deref().map(|raw| raw.get().to_owned());
    let moment = |text: &str| Timestamp::parse_rfc3339(text.trim_matches('"'));
    let failure = text(&payload.failure).and_then(|json| Failure::of_json(&json));
    let custom: Option<Bound> = payload
        .custom
        .as_deref()
        .and_then(|json| serde_json::from_str(json.get()).ok());
    let batch = custom.and_then(|custom| custom.bid.or(custom.callback_of));
    let reserve_for = view
        .job
        .as_ref()
        .ok()
        .map(|job| u64::from(job.reserve_for_secs));
    let timeline = Timeline::of(&view);
    let earlier = timeline.earlier_failures;
    let job = JobRow::from(view);
    JobPage {
        timeline: lines(frame, &timeline),
        earlier_failures: (earlier > 0).then(|| frame.count(frame.t.timeline_earlier, &earlier)),
        reasons: told(frame, &job.queue, &why.reasons),
        then: told(frame, &job.queue, &why.then),
        actions: job_actions(frame, job.state),
        edit_path: edit_path(frame, &job),
        args: payload.args.as_deref().map(Json::of),
        custom: payload.custom.as_deref().map(Json::of),
        failed_at: failure
            .as_ref()
            .and_then(|failure| moment(&failure.failed_at)),
        failure,
        created_at: text(&payload.created_at).as_deref().and_then(moment),
        reserve_for: reserve_for.map(Duration::from_secs),
        retry: text(&payload.retry),
        batch: batch.map(|bid| frame.anchor(&batch_path(&bid), &bid)),
        same_failures: None,
        frame,
        job,
    }
}

fn edit_path(frame: &Frame, job: &JobRow) -> Option<String> {
    let action = match job.is_completed() {
        // It stays as it is: a new one is like it.
        true => Action::PushJob,
        false => Action::EditJob,
    };
    let can_be = !job.is_working() && job.unreadable.is_none();
    (can_be && frame.may(action)).then(|| job.edit_path())
}

/// What `custom` says a job is bound to.
#[derive(serde::Deserialize)]
struct Bound {
    bid: Option<String>,
    #[serde(rename = "_bid")]
    callback_of: Option<String>,
}
