//! What forms do. Each one ends with a redirect to a page that says what was done.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};

use super::Frame;
use super::act_jobs::{delete_from_queue, values};
use super::notice::Notice;
use crate::app::App;
use crate::desk::{WorkerChoice, WorkerSignal};
use crate::service::queues::{QueueAction, act};
use crate::service::workers::signal;
use crate::service::{Problem, ProblemKind};

/// The fields of a form, in order; a name can be there again.
pub(super) type Fields = Vec<(String, String)>;

impl Frame {
    /// Leads to a page, which tells what was done; or says why it was not.
    pub(super) fn done(&self, path: &str, done: Result<Notice, Problem>) -> Response {
        let notice = match done {
            Ok(notice) => notice,
            Err(problem) => return self.show_problem(&problem),
        };
        let mut response = StatusCode::FOUND.into_response();
        let headers = response.headers_mut();
        if let Ok(target) = HeaderValue::from_str(&self.link(path)) {
            headers.insert(LOCATION, target);
        }
        if let Some(cookie) = notice.kept(self.prefix()) {
            headers.append(SET_COOKIE, cookie);
        }
        response
    }
}

/// An action that no form has.
pub(super) fn unknown(action: &str) -> Problem {
    let detail = format!("invalid action: {action}");
    Problem::new(ProblemKind::Invalid, detail)
}

/// `POST /queues/{name}`: does something to the queue, or deletes jobs of it.
pub(crate) async fn on_queue(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let payloads = values(&fields, "bkey");
    if !payloads.is_empty() {
        let done = delete_from_queue(&app, &frame, &name, &payloads).await;
        return frame.done(&frame.path, done);
    }
    let action = values(&fields, "action").first().copied();
    let (action, notice) = match action.unwrap_or_default() {
        "pause" => (QueueAction::Pause, Notice::Paused),
        "resume" => (QueueAction::Resume, Notice::Resumed),
        // As Faktory's forms call it.
        "delete" | "remove" => (QueueAction::Remove, Notice::Removed),
        other => return frame.show_problem(&unknown(other)),
    };
    let done = act(&*app.desk, &app.observer, &frame.actor, action, &name).await;
    frame.done("/queues", done.map(|()| notice))
}

/// `POST /busy`, as in Faktory, and `POST /workers`: tells workers to fetch no more or to end.
pub(crate) async fn on_workers(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let choice = match values(&fields, "wid").first().copied().unwrap_or_default() {
        "all" => WorkerChoice::All,
        wid => WorkerChoice::Wid(wid.to_owned()),
    };
    let told = match values(&fields, "signal")
        .first()
        .copied()
        .unwrap_or_default()
    {
        "quiet" => WorkerSignal::Quiet,
        "terminate" => WorkerSignal::Terminate,
        other => {
            let detail = format!("invalid signal: {other}");
            return frame.show_problem(&Problem::new(ProblemKind::Invalid, detail));
        }
    };
    let done = signal(&*app.desk, &frame.actor, &choice, told);
    let notice = done.map(|signalled| Notice::WorkersTold(signalled.workers));
    frame.done(&frame.path, notice)
}
