//! The metrics of types of jobs: a bounded number of them by name, the others together.

use workmill_store::{HistoryLine, HistorySlot, OTHERS};

use super::exposition::{Exposition, Metric, counter};
use super::queue_metrics::OTHER;

/// What a metric is of a type.
type Value = fn(&HistoryLine) -> f64;

const METRICS: [(Metric, Value); 6] = [
    (
        counter(
            "workmill_jobtype_succeeded_total",
            "Executions of the type that ended well.",
        ),
        |line| line.counts.succeeded as f64,
    ),
    (
        counter(
            "workmill_jobtype_failed_total",
            "Executions of the type that ended badly.",
        ),
        |line| line.counts.failed as f64,
    ),
    (
        counter("workmill_jobtype_dead_total", "Jobs of the type that died."),
        |line| line.counts.dead as f64,
    ),
    (
        counter(
            "workmill_jobtype_started_total",
            "Jobs of the type that were handed out.",
        ),
        |line| line.counts.started as f64,
    ),
    (
        counter(
            "workmill_jobtype_wait_seconds_total",
            "How long jobs of the type waited in their queue that were handed out.",
        ),
        |line| line.waits.sum().as_secs_f64(),
    ),
    (
        counter(
            "workmill_jobtype_run_seconds_total",
            "How long executions of the type took that have ended.",
        ),
        |line| line.runs.sum().as_secs_f64(),
    ),
];

/// Writes them, from what is counted of all time.
pub(super) fn write(exposition: &mut Exposition, ever: &HistorySlot) {
    let mut others = HistoryLine::default();
    let mut rows: Vec<(&str, &HistoryLine)> = Vec::new();
    for (name, line) in &ever.jobtypes.0 {
        // A type that is really called so must not be there twice.
        match &**name {
            OTHERS | OTHER => others.add(line),
            name => rows.push((name, line)),
        }
    }
    if others != HistoryLine::default() {
        rows.push((OTHER, &others));
    }
    for (metric, value) in METRICS {
        let values = rows.iter().map(|(name, line)| ([*name], value(line)));
        exposition.labelled(metric, &["jobtype"], values);
    }
}
