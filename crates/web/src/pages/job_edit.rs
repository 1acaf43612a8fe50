//! `/jobs/{jid}/edit`: another type, queue, arguments or custom for a job, or for a new one that is like it.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use serde_json::value::RawValue;
use workmill_engine::query::JobState;

use super::Frame;
use super::actions::AGAIN;
use super::links::{KeyParameter, job_edit_path, job_path, with_key};
use super::notice::Notice;
use crate::app::App;
use crate::desk::Action;
use crate::service::jobs::{
    AgainRequest, EditRequest, JobView, Payload, digest, edit, push_again, show as find,
};
use crate::service::{Problem, ProblemKind};

/// What the form says.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct Edited {
    key: String,
    digest: String,
    jobtype: String,
    queue: String,
    /// JSON; none if it cannot be edited, as parts of it are hidden.
    args: Option<String>,
    /// JSON, or nothing; none if it cannot be edited.
    custom: Option<String>,
    retry: String,
    /// `enqueue`, `again` if a new job is pushed, or something else.
    #[serde(default)]
    then: String,
}

#[derive(Template)]
#[template(path = "job_edit.html")]
struct EditPage<'a> {
    frame: &'a Frame,
    jid: &'a str,
    /// What is wrong with what was typed.
    wrong: Option<String>,
    edited: Edited,
    then: Then,
}

/// What the form can do with what was typed.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Then {
    /// To put the job into its queue.
    Enqueue,
    /// That, or to leave it in its set until its time.
    EnqueueOrSave,
    /// To push a new job: this one is done.
    Push,
}

impl Then {
    fn of(state: JobState) -> Self {
        match state {
            JobState::Completed => Self::Push,
            JobState::Scheduled | JobState::Retries | JobState::Dead => Self::EnqueueOrSave,
            JobState::Enqueued | JobState::Working => Self::Enqueue,
        }
    }
}

impl EditPage<'_> {
    fn path(&self) -> String {
        job_edit_path(self.jid)
    }

    fn pushes(&self) -> bool {
        self.then == Then::Push
    }

    fn saves(&self) -> bool {
        self.then == Then::EnqueueOrSave
    }

    fn job_path(&self) -> String {
        with_key(&job_path(self.jid), &self.edited.key)
    }
}

impl Edited {
    /// A job as it is.
    fn of(app: &App, view: &JobView) -> Result<Self, Problem> {
        let unreadable = |reason: String| Problem::new(ProblemKind::Conflict, reason);
        let payload = Payload::of(&view.job).map_err(unreadable)?;
        let record = view.job.as_ref();
        let record = record.map_err(|corrupt| unreadable(corrupt.reason.clone()))?;
        let text = |raw: Option<Box<RawValue>>| raw.map(|raw| raw.get().to_owned());
        let hides = app.desk.rules().redactions.concern(&record.jobtype);
        Ok(Self {
            key: view.key.to_string(),
            digest: digest(&view.job).unwrap_or_default(),
            jobtype: record.jobtype.to_string(),
            queue: record.queue.to_string(),
            args: text(payload.args).filter(|_| !hides),
            custom: (!hides).then(|| text(payload.custom).unwrap_or_default()),
            retry: text(payload.retry).unwrap_or_default(),
            then: String::new(),
        })
    }

    fn request(&self) -> Result<EditRequest, Problem> {
        let invalid = |detail: String| Problem::new(ProblemKind::Invalid, detail);
        let json = |name: &str, text: &str| {
            RawValue::from_string(text.to_owned())
                .map_err(|error| invalid(format!("{name}: {error}")))
        };
        let args = self.args.as_deref().map(|args| json("args", args));
        let custom = self.custom.as_deref().map(|custom| match custom.trim() {
            "" => json("custom", "{}"),
            custom => json("custom", custom),
        });
        let retry = match self.retry.trim() {
            "" => None,
            retry => Some(
                retry
                    .parse()
                    .map_err(|error| invalid(format!("retry: {error}")))?,
            ),
        };
        Ok(EditRequest {
            key: self.key.clone(),
            digest: self.digest.clone(),
            jobtype: Some(self.jobtype.clone()),
            queue: Some(self.queue.clone()),
            args: args.transpose()?,
            custom: custom.transpose()?,
            retry,
            reserve_for: None,
            enqueue: self.then == "enqueue",
        })
    }

    fn pushes(&self) -> bool {
        self.then == AGAIN
    }
}

/// `GET /jobs/{jid}/edit`.
pub(crate) async fn edit_job(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(jid): Path<String>,
    Query(asked): Query<KeyParameter>,
) -> Response {
    frame.show(make(&app, &frame, &jid, asked.key.as_deref()).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    jid: &'a str,
    key: Option<&str>,
) -> Result<EditPage<'a>, Problem> {
    if !frame.may(Action::EditJob) {
        let detail = frame.t.problem_forbidden;
        return Err(Problem::new(ProblemKind::Forbidden, detail));
    }
    let view = find(&*app.desk, jid, key).await?;
    Ok(EditPage {
        frame,
        jid,
        wrong: None,
        edited: Edited::of(app, &view)?,
        then: Then::of(view.state()),
    })
}

/// `POST /jobs/{jid}/edit`.
pub(crate) async fn on_edit(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(jid): Path<String>,
    Form(edited): Form<Edited>,
) -> Response {
    match save(&app, &frame, &jid, &edited).await {
        // What was typed is not lost.
        Err(problem) if loses_what_was_typed(&problem) => {
            let page = EditPage {
                frame: &frame,
                jid: &jid,
                wrong: Some(problem.detail.clone()),
                then: match edited.pushes() {
                    true => Then::Push,
                    false => Then::EnqueueOrSave,
                },
                edited,
            };
            frame.render(problem.status(), &page)
        }
        Err(problem) => frame.show_problem(&problem),
        Ok((jid, notice)) => frame.done(&job_path(&jid), Ok(notice)),
    }
}

/// Does what the form says; tells the id of the job that is looked at then.
async fn save(
    app: &App,
    frame: &Frame,
    jid: &str,
    edited: &Edited,
) -> Result<(String, Notice), Problem> {
    let (desk, observer, request) = (&*app.desk, &app.observer, edited.request()?);
    if edited.pushes() {
        let asked = AgainRequest {
            change: request.change(),
            key: Some(request.key),
        };
        let pushed = push_again(desk, observer, &frame.actor, jid, &asked).await?;
        return Ok((pushed.jid, Notice::JobIsNew));
    }
    edit(desk, observer, &frame.actor, jid, &request).await?;
    Ok((jid.to_owned(), Notice::JobEdited))
}

/// Whether it is about the job, and not about who asks or how the server is.
fn loses_what_was_typed(problem: &Problem) -> bool {
    use ProblemKind::{Conflict, Invalid, NotFound};
    matches!(problem.kind, Invalid | Conflict | NotFound)
}
