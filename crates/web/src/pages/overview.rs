//! `/`: how it stands.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Response;

use super::Frame;
use super::chart::{Series, lines};
use crate::app::App;
use crate::locale::Markup;
use crate::service::Problem;
use crate::service::queues::{Queue, show as show_queue};
use crate::service::server::{Day, days};

/// Queues that are shown: those with the most jobs.
const QUEUES_MAX: usize = 12;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview<'a> {
    frame: &'a Frame,
    stats: Vec<Stat>,
    waiting: u64,
    queues_with_jobs: u64,
    chart: Option<Markup>,
    queues: Vec<Queue>,
    queue_count: u64,
}

/// A number that says how it stands.
struct Stat {
    /// Names its color.
    state: &'static str,
    label: &'static str,
    value: u64,
    href: Option<String>,
}

pub(crate) async fn show(State(app): State<Arc<App>>, frame: Frame) -> Response {
    frame.show(make(&app, &frame).await)
}

async fn make<'a>(app: &App, frame: &'a Frame) -> Result<Overview<'a>, Problem> {
    let observed = app.observer.now(&*app.desk).await?;
    let t = frame.t;
    let totals = &observed.totals;
    let waiting = observed.queues.values().map(|queue| queue.size).sum();
    let with_jobs = observed.queues.values().filter(|queue| queue.size > 0);
    let stat = |state, label, value, path: Option<&str>| Stat {
        state,
        label,
        value,
        href: path.map(|path| frame.link(path)),
    };
    let mut largest: Vec<_> = observed.queues.iter().collect();
    largest.sort_by_key(|(_, queue)| std::cmp::Reverse(queue.size));
    let mut queues = Vec::with_capacity(QUEUES_MAX);
    for (name, _) in largest.into_iter().take(QUEUES_MAX) {
        queues.push(show_queue(&*app.desk, &app.observer, name).await?);
    }
    Ok(Overview {
        frame,
        chart: chart(frame, &days(&*app.desk, None).await?),
        stats: vec![
            stat("enqueued", t.enqueued, waiting, Some("/queues")),
            stat("working", t.working_state, totals.working, Some("/busy")),
            stat(
                "scheduled",
                t.scheduled_state,
                totals.scheduled,
                Some("/scheduled"),
            ),
            stat("retries", t.retries_state, totals.retries, Some("/retries")),
            stat("dead", t.dead_state, totals.dead, Some("/morgue")),
            stat("", t.processed, totals.counts.processed, None),
            stat("", t.failed, totals.counts.failures, None),
        ],
        waiting,
        queues_with_jobs: with_jobs.count() as u64,
        queues,
        queue_count: observed.queues.len() as u64,
    })
}

/// Executions by day; none if there were none.
fn chart(frame: &Frame, days: &[Day]) -> Option<Markup> {
    let sum = |value: fn(&Day) -> u64| days.iter().map(value).sum::<u64>();
    let done = |day: &Day| day.processed.saturating_sub(day.failures);
    if sum(|day| day.processed) == 0 {
        return None;
    }
    let label = frame.say(frame.t.chart_says).number("done", &sum(done));
    let label = label.number("failed", &sum(|day| day.failures));
    let label = label.number("days", &(days.len() as u64)).plain();
    let series = [
        Series {
            state: "working",
            values: days.iter().map(done).collect(),
        },
        Series {
            state: "dead",
            values: days.iter().map(|day| day.failures).collect(),
        },
    ];
    let date = |day: Option<&Day>| day.map(|day| day.date.clone()).unwrap_or_default();
    let ends = (date(days.first()), date(days.last()));
    Some(lines(frame.language, &label, &series, (&ends.0, &ends.1)))
}
