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
use crate::observe::QueueWorkers;
use crate::service::history::HistoryOf;
use crate::service::queues::{Queue, list, show};
use crate::service::why::why_queue;
use crate::service::{Page, Problem, ProblemKind};

/// Workers that the page of a queue names.
const FETCHERS_SHOWN: usize = 20;

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
    /// Jobs that come in and that are handed out, each second.
    rates: (f64, f64),
    /// Who fetches from it, and whether they are quiet.
    fetchers: Vec<Fetcher>,
    chart: HistoryChart,
    /// What may be done to those that are selected.
    actions: Vec<JobAction>,
    /// What may be done to all of them.
    bulk: Bulk,
    table: JobTable,
}

/// A worker that fetches from a queue, or did before it was told to be quiet.
struct Fetcher {
    link: Markup,
    is_quiet: bool,
}

impl QueuePage<'_> {
    fn rate_in(&self) -> String {
        self.frame.rate(self.rates.0)
    }

    fn rate_out(&self) -> String {
        self.frame.rate(self.rates.1)
    }
}

/// Those who fetch from a queue, some of them.
fn fetchers(frame: &Frame, workers: &QueueWorkers) -> Vec<Fetcher> {
    let running = workers.running.iter().map(|wid| (wid, false));
    let all = running.chain(workers.quiet.iter().map(|wid| (wid, true)));
    all.take(FETCHERS_SHOWN)
        .map(|(wid, is_quiet)| Fetcher {
            link: frame.worker_anchor(wid),
            is_quiet,
        })
        .collect()
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
    let observed = app.observer.now(&*app.desk).await?;
    Ok(QueuePage {
        frame,
        may_pause: frame.may(Action::PauseQueue) && frame.may(Action::ResumeQueue),
        may_remove: frame.may(Action::RemoveQueue),
        reasons: told(frame, name, &why.reasons),
        rates: app.lately.now(&*app.desk).await?.rates(name),
        fetchers: fetchers(frame, &observed.roster.of(name)),
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
