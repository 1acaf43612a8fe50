//! `/operations` and `/operations/{id}`: changes of many jobs, how far they are, and stopping them.

use std::sync::Arc;
use std::time::Duration;

use askama::Template;
use axum::Form;
use axum::extract::{Path, State};
use axum::response::Response;

use super::Frame;
use super::actions::title;
use super::audit::audit_path;
use super::forms::{Fields, invalid};
use super::links::search_path;
use super::listing::{Listing, Pager};
use super::notice::Notice;
use crate::app::App;
use crate::desk::Action;
use crate::locale::{Phrase, Texts};
use crate::service::audit::of_operation;
use crate::service::jobs::JobVerb;
use crate::service::operations::{Operation, cancel, list, show};
use crate::service::trash::{Undoable, undoable};
use crate::service::{Problem, ProblemKind};

#[derive(Template)]
#[template(path = "operations.html")]
struct OperationsPage<'a> {
    frame: &'a Frame,
    list: Listing<Operation>,
}

#[derive(Template)]
#[template(path = "operation.html")]
struct OperationPage<'a> {
    frame: &'a Frame,
    may_cancel: bool,
    /// What can be put back of what it took away; none if that is nothing, or whoever reads may not.
    undo: Option<Undoable>,
    operation: Operation,
}

/// The path of an operation's page.
pub(super) fn operation_path(id: &str) -> String {
    format!("/operations/{id}")
}

impl Operation {
    fn path(&self) -> String {
        operation_path(&self.id)
    }

    fn title(&self, t: &Texts) -> &'static str {
        match self.action {
            "retry_carefully" => t.act_retry_carefully,
            "undo" => t.undo,
            "empty_trash" => t.trash_empty,
            action => JobVerb::parse(action).map_or("", |verb| title(verb, t)),
        }
    }

    /// The color and the word of its state.
    fn state_of(&self, t: &Texts) -> (&'static str, &'static str) {
        match self.state {
            "running" => ("enqueued", t.operation_running),
            "done" => ("working", t.operation_done),
            "cancelled" => ("retries", t.operation_cancelled),
            _ => ("dead", t.operation_failed),
        }
    }

    fn is_running(&self) -> bool {
        self.state == "running"
    }

    /// What its jobs match, in words where it is no query.
    fn said_query<'a>(&'a self, t: &'a Texts) -> &'a str {
        match self.query.as_deref() {
            None if matches!(self.action, "undo" | "empty_trash") => t.trash,
            None => t.operation_named,
            Some("") => t.operation_everything,
            Some(query) => query,
        }
    }

    /// The path of the jobs that match; none if they were chosen otherwise.
    fn query_path(&self) -> Option<String> {
        let query = self.query.as_deref();
        query.filter(|query| !query.is_empty()).map(search_path)
    }

    /// How many jobs it has to look at in all.
    fn of(&self) -> u64 {
        self.looked_at.saturating_add(self.left).max(1)
    }

    /// How fast it is, and how long it still takes; none if that cannot be told.
    fn speed(&self, frame: &Frame) -> Option<Phrase<'static>> {
        let taken = frame.now.since(self.started_at).as_secs_f64();
        let rate = self.looked_at as f64 / taken;
        let left = Duration::try_from_secs_f64(self.left as f64 / rate).ok()?;
        (self.is_running() && taken > 0.0).then(|| {
            frame
                .say(frame.t.operation_speed)
                .plain_part("rate", frame.rate(rate))
                .plain_part("time", frame.span(&left))
        })
    }
}

pub(crate) async fn operations(State(app): State<Arc<App>>, frame: Frame) -> Response {
    let found = list(&*app.desk, &frame.actor).await;
    frame.show(found.map(|rows| OperationsPage {
        frame: &frame,
        list: Listing {
            rows,
            pager: Pager {
                is_first: true,
                next: None,
            },
        },
    }))
}

pub(crate) async fn operation(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(id): Path<String>,
) -> Response {
    let found = show(&*app.desk, &frame.actor, &id).await;
    if matches!(&found, Err(problem) if problem.kind == ProblemKind::NotFound)
        && let Ok(Some(number)) = of_operation(&*app.desk, &id).await
    {
        // It was forgotten, or has ended before the server was started: what is left of it is in the audit log.
        return frame.leads_to(&audit_path(number));
    }
    let undo = match &found {
        Ok(operation) => undo_of(&app, &frame, operation).await,
        Err(_) => None,
    };
    frame.show(found.map(|operation| OperationPage {
        frame: &frame,
        undo,
        may_cancel: operation.is_running() && frame.may(Action::CancelOperation),
        operation,
    }))
}

/// What can be put back of what an operation took away that has ended, if whoever reads may.
async fn undo_of(app: &App, frame: &Frame, operation: &Operation) -> Option<Undoable> {
    let action = operation.audit?;
    if operation.is_running() || !frame.may(Action::Undo) {
        return None;
    }
    undoable(&*app.desk, vec![action]).await.ok()?.pop()?
}

/// `POST /operations/{id}`: stops it.
pub(crate) async fn on_operation(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(id): Path<String>,
    Form(fields): Form<Fields>,
) -> Response {
    let done = match fields.first("action") {
        Some("cancel") => cancel(&*app.desk, &frame.actor, &id).await,
        other => Err(invalid("action", other.unwrap_or_default())),
    };
    let notice: Result<Notice, Problem> = done.map(|operation| match operation.state {
        "cancelled" => Notice::OperationStopped,
        _ => Notice::OperationHadEnded,
    });
    frame.done(&operation_path(&id), notice)
}
