//! `/queues`, and `/queues/{name}`: what waits.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use workmill_engine::query::JobState;
use workmill_store::Place;

use super::Frame;
use super::actions::JobAction;
use super::job_table::JobTable;
use super::listing::{ListParameters, Listing};
use crate::app::App;
use crate::desk::Action;
use crate::service::queues::{Queue, list, show};
use crate::service::{Problem, ProblemKind};

#[derive(Template)]
#[template(path = "queues.html")]
struct QueuesPage<'a> {
    frame: &'a Frame,
    list: Listing<Queue>,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage<'a> {
    frame: &'a Frame,
    may_pause: bool,
    may_remove: bool,
    queue: Queue,
    /// Nothing is done to jobs of this list.
    actions: [JobAction; 0],
    table: JobTable,
}

impl Queue {
    /// The path of its page.
    pub(super) fn path(&self) -> String {
        format!("/queues/{}", self.name)
    }
}

pub(crate) async fn queues(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = list(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| QueuesPage {
        frame: &frame,
        list: Listing::of(&asked, page),
    }))
}

pub(crate) async fn queue(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    at: Query<ListParameters>,
) -> Response {
    frame.show(make_queue(&app, &frame, &name, at.0).await)
}

async fn make_queue<'a>(
    app: &App,
    frame: &'a Frame,
    name: &str,
    at: ListParameters,
) -> Result<QueuePage<'a>, Problem> {
    let found = show(&*app.desk, &app.observer, name).await;
    let queue = found.map_err(|problem| match problem.kind {
        ProblemKind::NotFound => Problem::new(problem.kind, frame.t.queue_unknown),
        _ => problem,
    })?;
    let place = Place::Queue(name.into());
    Ok(QueuePage {
        frame,
        may_pause: frame.may(Action::PauseQueue) && frame.may(Action::ResumeQueue),
        may_remove: frame.may(Action::RemoveQueue),
        queue,
        actions: [],
        table: JobTable::of_place(app, JobState::Enqueued, place, at.cursor).await?,
    })
}
