//! What forms do. Each one ends with a redirect to a page that says what was done.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::Frame;
use super::notice::Notice;
use crate::app::App;
use crate::service::queues::{QueueAction, act};
use crate::service::{Problem, ProblemKind};

/// What is to be done, as in Faktory's forms.
#[derive(Debug, Deserialize)]
pub(crate) struct QueueForm {
    action: String,
}

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
fn unknown(action: &str) -> Problem {
    let detail = format!("invalid action: {action}");
    Problem::new(ProblemKind::Invalid, detail)
}

/// `POST /queues/{name}`.
pub(crate) async fn on_queue(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    Form(form): Form<QueueForm>,
) -> Response {
    let (action, notice) = match &*form.action {
        "pause" => (QueueAction::Pause, Notice::Paused),
        "resume" => (QueueAction::Resume, Notice::Resumed),
        // As Faktory's forms call it.
        "delete" | "remove" => (QueueAction::Remove, Notice::Removed),
        other => return frame.show_problem(&unknown(other)),
    };
    let done = act(&*app.desk, &app.observer, &frame.actor, action, &name).await;
    frame.done("/queues", done.map(|()| notice))
}
