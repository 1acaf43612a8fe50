//! What forms do to queues and workers.

use std::sync::Arc;

use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;

use super::Frame;
use super::act_jobs::delete_from_queue;
use super::forms::{Fields, invalid};
use super::links::queue_in_path;
use super::notice::Notice;
use crate::app::App;
use crate::desk::{WorkerChoice, WorkerSignal};
use crate::service::queues::{QueueAction, act};
use crate::service::workers::signal;

/// `POST /queues/{name}`: does something to the queue, or deletes jobs of it.
pub(crate) async fn on_queue(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let name = queue_in_path(&name);
    let payloads: Vec<&str> = fields.all("bkey").collect();
    if !payloads.is_empty() {
        let done = delete_from_queue(&app, &frame, name, &payloads).await;
        return frame.done(&frame.path, done);
    }
    let (action, notice) = match fields.first("action").unwrap_or_default() {
        "pause" => (QueueAction::Pause, Notice::Paused),
        "resume" => (QueueAction::Resume, Notice::Resumed),
        // As Faktory's forms call it.
        "delete" | "remove" => (QueueAction::Remove, Notice::Removed),
        other => return frame.show_problem(&invalid("action", other)),
    };
    let done = act(&*app.desk, &app.observer, &frame.actor, action, name).await;
    frame.done("/queues", done.map(|()| notice))
}

/// `POST /busy`, as in Faktory, and `POST /workers`: tells workers to fetch no more or to end.
pub(crate) async fn on_workers(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let choice = match (fields.first("wid"), fields.first("label")) {
        (Some("all"), None) => WorkerChoice::All,
        (Some(wid), None) => WorkerChoice::Wid(wid.to_owned()),
        (None, Some(label)) => WorkerChoice::Label(label.to_owned()),
        (wid, _) => return frame.show_problem(&invalid("wid", wid.unwrap_or_default())),
    };
    let told = match fields.first("signal").unwrap_or_default() {
        "quiet" => WorkerSignal::Quiet,
        "terminate" => WorkerSignal::Terminate,
        other => return frame.show_problem(&invalid("signal", other)),
    };
    let done = signal(&*app.desk, &frame.actor, &choice, told);
    let notice = done.map(|signalled| Notice::WorkersTold(signalled.workers));
    frame.done(&frame.path, notice)
}
