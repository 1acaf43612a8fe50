//! `/`: what needs attention, and how it stands.

use std::cmp::Reverse;
use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Frame;
use super::concerns::ConcernRow;
use super::failures::FailureRow;
use super::history_chart::HistoryChart;
use super::queue_rows::QueueRow;
use super::ranges::RangeParameters;
use crate::app::App;
use crate::desk::Action;
use crate::observe::Observed;
use crate::service::Problem;
use crate::service::history::HistoryOf;
use crate::service::queues::show as show_queue;

/// Queues that are shown: those with the most jobs.
const QUEUES_MAX: usize = 12;

/// What needs attention and is shown at once. The rest is folded up.
const CONCERNS_SHOWN: usize = 6;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    frame: &'a Frame,
    /// How many things need attention, also those that are not told of.
    concern_count: u64,
    concerns: Vec<ConcernRow>,
    /// Those that are folded up.
    more_concerns: Vec<ConcernRow>,
    /// Those that are muted.
    muted_concerns: Vec<ConcernRow>,
    may_mute: bool,
    stats: Vec<Stat>,
    waiting: u64,
    queues_with_jobs: u64,
    chart: HistoryChart,
    rows: Vec<QueueRow>,
    queue_count: u64,
    /// The largest groups of failures.
    failures: Vec<FailureRow>,
    may_act: bool,
}

/// A number that says how it stands.
struct Stat {
    /// Names its color.
    state: &'static str,
    label: &'static str,
    value: String,
    href: Option<String>,
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    frame: Frame,
    range: Query<RangeParameters>,
) -> Response {
    frame.show(make(&app, &frame, range.0).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    range: RangeParameters,
) -> Result<Overview<'a>, Problem> {
    let observed = app.observer.now(&*app.desk).await?;
    let attention = app.watch.attention(&*app.desk, &app.observer).await?;
    let concerns = attention.items.iter();
    let mut concerns: Vec<_> = concerns.map(|item| ConcernRow::new(frame, item)).collect();
    let more_concerns = concerns.split_off(concerns.len().min(CONCERNS_SHOWN));
    let waiting = observed.queues.values().map(|queue| queue.size).sum();
    let with_jobs = observed.queues.values().filter(|queue| queue.size > 0);
    Ok(Overview {
        frame,
        concern_count: attention.counts.values().sum(),
        concerns,
        more_concerns,
        muted_concerns: attention
            .muted
            .iter()
            .map(|item| ConcernRow::new(frame, item))
            .collect(),
        may_mute: frame.may(Action::MuteConcern) && frame.may(Action::UnmuteConcern),
        stats: stats(app, frame, &observed, waiting).await?,
        waiting,
        queues_with_jobs: with_jobs.count() as u64,
        chart: HistoryChart::of(app, frame, HistoryOf::All, range.range.as_deref()).await?,
        rows: largest_queues(app, frame, &observed).await?,
        queue_count: observed.queues.len() as u64,
        failures: FailureRow::largest(app, frame).await?,
        may_act: frame.may(Action::StartOperation),
    })
}

async fn stats(
    app: &App,
    frame: &Frame,
    observed: &Observed,
    waiting: u64,
) -> Result<Vec<Stat>, Problem> {
    let lately = app.lately.now(&*app.desk).await?;
    let (t, totals) = (frame.t, &observed.totals);
    let stat = |state, label, count: u64, path| Stat {
        state,
        label,
        value: frame.number(&count),
        href: Some(frame.link(path)),
    };
    let rate = |state, label, rate| Stat {
        state,
        label,
        value: frame.rate(rate),
        href: None,
    };
    Ok(vec![
        stat("enqueued", t.enqueued, waiting, "/queues"),
        stat("working", t.working_state, totals.working, "/busy"),
        stat(
            "scheduled",
            t.scheduled_state,
            totals.scheduled,
            "/scheduled",
        ),
        stat("retries", t.retries_state, totals.retries, "/retries"),
        stat("dead", t.dead_state, totals.dead, "/morgue"),
        rate("working", t.succeeded, lately.done_rate),
        rate("dead", t.failed, lately.failed_rate),
    ])
}

async fn largest_queues(
    app: &App,
    frame: &Frame,
    observed: &Observed,
) -> Result<Vec<QueueRow>, Problem> {
    let mut largest: Vec<_> = observed.queues.iter().collect();
    largest.sort_by_key(|(_, queue)| Reverse(queue.size));
    let mut queues = Vec::with_capacity(QUEUES_MAX);
    for (name, _) in largest.into_iter().take(QUEUES_MAX) {
        queues.push(show_queue(&*app.desk, &app.observer, name).await?);
    }
    QueueRow::all(app, frame, queues).await
}
