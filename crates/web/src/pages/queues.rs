//! `/queues`, and `/queues/{name}`: what waits.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use workmill_engine::query::JobState;
use workmill_store::Place;

use super::Frame;
use super::actions::{JobAction, bulk_actions};
use super::bulk::Bulk;
use super::history_chart::HistoryChart;
use super::job_table::JobTable;
use super::links::{queue_in_path, queue_path, quoted};
use super::listing::{ListParameters, Listing};
use super::queue_rows::QueueRow;
use super::ranges::RangeParameters;
use super::reasons::told;
use crate::app::App;
use crate::desk::Action;
use crate::locale::Markup;
use crate::service::history::HistoryOf;
use crate::service::queues::{Queue, list, show};
use crate::service::why::why_queue;
use crate::service::{Page, Problem, ProblemKind};

#[derive(Template)]
#[template(path = "queues.html")]
struct QueuesPage<'a> {
    frame: &'a Frame,
    list: Listing<QueueRow>,
}

#[derive(Template)]
#[template(path = "queue.html")]
struct QueuePage<'a> {
    frame: &'a Frame,
    may_pause: bool,
    may_remove: bool,
    queue: Queue,
    reasons: Vec<Markup>,
    chart: HistoryChart,
    /// What may be done to those that are selected.
    actions: Vec<JobAction>,
    /// What may be done to all of them.
    bulk: Bulk,
    table: JobTable,
}

impl Queue {
    /// The path of its page.
    pub(super) fn path(&self) -> String {
        queue_path(&self.name)
    }
}

pub(crate) async fn queues(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    frame.show(make_queues(&app, &frame, at.0).await)
}

async fn make_queues<'a>(
    app: &App,
    frame: &'a Frame,
    at: ListParameters,
) -> Result<QueuesPage<'a>, Problem> {
    let asked = at.asked();
    let page = list(&*app.desk, &app.observer, &asked).await?;
    let rows = QueueRow::all(app, frame, page.items).await?;
    let cursor = page.cursor;
    Ok(QueuesPage {
        frame,
        list: Listing::of(
            &asked,
            Page {
                items: rows,
                cursor,
            },
        ),
    })
}

pub(crate) async fn queue(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(name): Path<String>,
    at: Query<ListParameters>,
    range: Query<RangeParameters>,
) -> Response {
    let name = queue_in_path(&name);
    frame.show(make_queue(&app, &frame, name, at.0, range.0).await)
}

async fn make_queue<'a>(
    app: &App,
    frame: &'a Frame,
    name: &str,
    at: ListParameters,
    range: RangeParameters,
) -> Result<QueuePage<'a>, Problem> {
    let found = show(&*app.desk, &app.observer, name).await;
    let queue = found.map_err(|problem| match problem.kind {
        ProblemKind::NotFound => Problem::new(problem.kind, frame.t.queue_unknown),
        _ => problem,
    })?;
    let place = Place::Queue(name.into());
    let why = why_queue(&*app.desk, &app.observer, name).await?;
    let of = HistoryOf::Queue(name.to_owned());
    Ok(QueuePage {
        frame,
        may_pause: frame.may(Action::PauseQueue) && frame.may(Action::ResumeQueue),
        may_remove: frame.may(Action::RemoveQueue),
        reasons: told(frame, name, &why.reasons),
        chart: HistoryChart::of(app, frame, of, range.range.as_deref()).await?,
        bulk: Bulk::of_all(
            frame,
            JobState::Enqueued,
            format!("state:enqueued queue:{}", quoted(name)),
            queue.size,
        ),
        queue,
        actions: bulk_actions(frame, &[JobState::Enqueued]),
        table: JobTable::of_place(app, JobState::Enqueued, place, at.cursor).await?,
    })
}
