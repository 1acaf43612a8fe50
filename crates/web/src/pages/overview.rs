//! `/`: how many jobs are where, and who works.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::response::Html;

use super::{Failure, Frame};
use crate::app::App;
use crate::desk::WorkerView;

/// Rows of one table.
const ROWS_MAX: usize = 100;

#[derive(Template)]
#[template(path = "overview.html")]
struct Overview {
    frame: Frame,
    sets: [(&'static str, u64); 6],
    queues: Vec<QueueRow>,
    queues_left: usize,
    workers: Vec<WorkerView>,
}

struct QueueRow {
    name: String,
    size: u64,
    paused: bool,
}

pub(crate) async fn show(
    State(app): State<Arc<App>>,
    frame: Frame,
) -> Result<Html<String>, Failure> {
    let totals = app.desk.read(|reading| reading.totals()).await?;
    let count = totals.queues.len();
    let mut workers = app.desk.workers();
    workers.truncate(ROWS_MAX);
    let page = Overview {
        frame,
        sets: [
            ("working", totals.working),
            ("scheduled", totals.scheduled),
            ("retries", totals.retries),
            ("dead", totals.dead),
            ("processed", totals.counts.processed),
            ("failures", totals.counts.failures),
        ],
        queues_left: count.saturating_sub(ROWS_MAX),
        queues: totals
            .queues
            .into_iter()
            .take(ROWS_MAX)
            .map(|(name, queue)| QueueRow {
                name,
                size: queue.size,
                paused: queue.paused,
            })
            .collect(),
        workers,
    };
    Ok(Html(page.render()?))
}
