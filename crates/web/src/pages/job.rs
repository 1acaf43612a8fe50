//! `/jobs/{jid}`: one job.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::extract::{Path, State};
use axum::response::Response;
use serde_json::value::RawValue;
use workmill_engine::query::JobState;
use workmill_proto::{Failure, Timestamp};

use super::Frame;
use super::actions::{JobAction, job_actions};
use super::job_rows::{JobRow, percent_encoded};
use super::json::Pretty;
use crate::app::App;
use crate::locale::Markup;
use crate::service::jobs::{JobView, Payload, show as find};
use crate::service::{Problem, ProblemKind};

#[derive(Template)]
#[template(path = "job.html")]
struct JobPage<'a> {
    frame: &'a Frame,
    job: JobRow,
    answer: Markup,
    /// What may be done to it.
    actions: Vec<JobAction>,
    args: Option<Json>,
    custom: Option<Json>,
    failure: Option<Failure>,
    failed_at: Option<Timestamp>,
    created_at: Option<Timestamp>,
    reserve_for: Option<Duration>,
    retry: Option<String>,
    batch: Option<String>,
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
) -> Response {
    match find(&*app.desk, &jid).await {
        Ok(view) => frame.show(Ok(page(&frame, view))),
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            frame.show_problem(&Problem::new(problem.kind, frame.t.job_gone))
        }
        Err(problem) => frame.show_problem(&problem),
    }
}

fn page(frame: &Frame, view: JobView) -> JobPage<'_> {
    let payload = Payload::of(&view.job).unwrap_or_default();
    let text = |raw: &Option<Box<RawValue>>| raw.as_deref().map(|raw| raw.get().to_owned());
    let moment = |text: &str| Timestamp::parse_rfc3339(text.trim_matches('"'));
    let failure = text(&payload.failure).and_then(|json| Failure::of_json(&json));
    let custom: Option<Bound> = payload
        .custom
        .as_deref()
        .and_then(|json| serde_json::from_str(json.get()).ok());
    let reserve_for = view
        .job
        .as_ref()
        .ok()
        .map(|job| u64::from(job.reserve_for_secs));
    let job = JobRow::from(view);
    JobPage {
        answer: answer(frame, &job),
        actions: job_actions(frame, job.state),
        args: payload.args.as_deref().map(Json::of),
        custom: payload.custom.as_deref().map(Json::of),
        failed_at: failure
            .as_ref()
            .and_then(|failure| moment(&failure.failed_at)),
        failure,
        created_at: text(&payload.created_at).as_deref().and_then(moment),
        reserve_for: reserve_for.map(Duration::from_secs),
        retry: text(&payload.retry),
        batch: custom.and_then(|custom| custom.bid.or(custom.callback_of)),
        frame,
        job,
    }
}

/// What `custom` says a job is bound to.
#[derive(serde::Deserialize)]
struct Bound {
    bid: Option<String>,
    #[serde(rename = "_bid")]
    callback_of: Option<String>,
}

/// What the job does or waits for, in words.
fn answer(frame: &Frame, job: &JobRow) -> Markup {
    let t = frame.t;
    let queue = link(
        frame,
        &format!("/queues/{}", percent_encoded(&job.queue)),
        &job.queue,
    );
    let moment =
        |at: &Option<Timestamp>| at.as_ref().map(|at| frame.moment(at)).unwrap_or_default();
    let times = || frame.count(t.times, &u64::from(job.failures)).plain();
    let phrase = match (job.state, &job.held) {
        (JobState::Enqueued, _) => frame
            .say(t.job_waits)
            .markup("queue", queue)
            .markup("time", moment(&job.enqueued_at)),
        (JobState::Working, Some(held)) => frame
            .say(t.job_works)
            .markup("worker", link(frame, "/workers", &held.wid))
            .markup("time", frame.moment(&held.since))
            .markup("until", frame.moment(&held.until)),
        (JobState::Scheduled, _) => frame
            .say(t.job_is_scheduled)
            .markup("queue", queue)
            .markup("time", moment(&job.at)),
        (JobState::Retries, _) => frame
            .say(t.job_retries)
            .plain_part("times", times())
            .markup("time", moment(&job.at)),
        (JobState::Dead, _) => {
            let until = job.at.as_ref().map(|at| frame.exact(at));
            frame
                .say(t.job_is_dead)
                .plain_part("times", times())
                .markup("time", until.unwrap_or_default())
        }
        (JobState::Working, None) => frame.say(t.working_state),
    };
    let mut html = Markup::default();
    html.raw_args(format_args!("{phrase}"));
    html
}

fn link(frame: &Frame, path: &str, text: &str) -> Markup {
    let mut html = Markup::default();
    html.raw("<a href=\"").text(&frame.link(path)).raw("\">");
    html.isolated(text).raw("</a>");
    html
}
