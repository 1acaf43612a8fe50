//! `/metrics`: the server's numbers for Prometheus.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::http::header::CONTENT_TYPE;
use axum::response::IntoResponse;
use tokio::time::timeout;
use workmill_store::reading::Bounds;
use workmill_store::{HistorySlot, Resolution};

use super::exposition::{Exposition, MEDIA_TYPE, counter, gauge};
use super::{jobtype_metrics, queue_metrics};
use crate::app::App;
use crate::desk::{Desk, DiskSpace, ServerFacts, ServerNumbers, ServerState, Standing, WorkerView};
use crate::observe::Observed;

/// How long the store may take. Without it the rest is told: that the disk hangs, for instance.
const STORE_WITHIN: Duration = Duration::from_secs(5);

/// Tells all of them.
pub(crate) async fn metrics(State(app): State<Arc<App>>) -> impl IntoResponse {
    let desk = &*app.desk;
    let observed = timeout(STORE_WITHIN, app.observer.now(desk)).await;
    let observed = observed.ok().and_then(|observed| {
        observed
            .inspect_err(|error| tracing::warn!(%error, "metrics of jobs cannot be read"))
            .ok()
    });
    let space = timeout(STORE_WITHIN, desk.disk_space()).await;
    let mut exposition = Exposition::default();
    write_server(&mut exposition, &desk.facts(), desk.state());
    write_standing(&mut exposition, desk.standing());
    write_process(&mut exposition, &desk.numbers());
    write_workers(&mut exposition, &desk.workers());
    if let Ok(Some(space)) = space {
        write_disk(&mut exposition, space);
    }
    exposition.one(
        gauge(
            "workmill_store_readable",
            "1 if the store could be read for this answer.",
        ),
        u8::from(observed.is_some()),
    );
    if let Some(observed) = observed {
        write_jobs(&mut exposition, &observed);
        queue_metrics::write(&mut exposition, &observed);
        let ever = timeout(STORE_WITHIN, read_ever(desk)).await;
        if let Ok(Some(ever)) = ever {
            jobtype_metrics::write(&mut exposition, &ever);
        }
        write_attention(&mut exposition, &app).await;
    }
    ([(CONTENT_TYPE, MEDIA_TYPE)], exposition.into_text())
}

/// What was counted of all time, as of some seconds ago.
async fn read_ever(desk: &dyn Desk) -> Option<HistorySlot> {
    let bounds = Bounds::of_rows(1);
    let read = desk.read(move |reading| reading.history(Resolution::Ever, 0..=0, bounds));
    let ever = read.await.inspect_err(|error| {
        tracing::warn!(%error, "metrics of types of jobs cannot be read");
    });
    let ever = ever.ok()?.items.pop();
    Some(ever.map(|(_, slot)| slot).unwrap_or_default())
}

async fn write_attention(exposition: &mut Exposition, app: &App) {
    let attention = app.watch.attention(&*app.desk, &app.observer);
    if let Ok(Ok(attention)) = timeout(STORE_WITHIN, attention).await {
        let counts = attention.counts.iter();
        exposition.labelled(
            gauge("workmill_attention", "Things that need somebody."),
            &["kind"],
            counts.map(|(kind, count)| ([*kind], *count)),
        );
    }
}

/// Who leads: a server that shares its database with no other does always.
fn write_standing(exposition: &mut Exposition, standing: Option<Standing>) {
    exposition.one(
        gauge(
            "workmill_leads",
            "1 if this server runs what is asked, 0 if another one on the same database does, or none.",
        ),
        u8::from(standing.as_ref().is_none_or(|standing| standing.leads)),
    );
    if let Some(standing) = standing {
        exposition.one(
            gauge(
                "workmill_epoch",
                "Which leadership it is: each has a greater number than the last.",
            ),
            standing.epoch,
        );
    }
}

fn write_server(exposition: &mut Exposition, facts: &ServerFacts, state: ServerState) {
    exposition.labelled(
        gauge("workmill_build_info", "1, with the version of the server."),
        &["version", "faktory_version"],
        [([facts.version, facts.faktory_version], 1)],
    );
    exposition.one(
        gauge("workmill_ready", "1 if jobs are taken and handed out."),
        u8::from(state == ServerState::Ready),
    );
    let stalled = match state {
        ServerState::Stalled(lasted) => lasted.as_secs_f64(),
        _ => 0.0,
    };
    exposition.one(
        gauge(
            "workmill_disk_stalled_seconds",
            "For how long the disk has not answered; 0 while it does.",
        ),
        stalled,
    );
    exposition.one(
        gauge(
            "process_start_time_seconds",
            "When the server started, in seconds since 1970-01-01 UTC.",
        ),
        facts.started_at.as_micros() as f64 / 1e6,
    );
}

fn write_process(exposition: &mut Exposition, numbers: &ServerNumbers) {
    exposition.one(
        gauge("process_resident_memory_bytes", "Resident memory."),
        numbers.memory_bytes,
    );
    exposition.one(
        gauge("workmill_connections", "Open connections of clients."),
        numbers.connections,
    );
    exposition.one(
        counter("workmill_commands_total", "Commands of clients."),
        numbers.commands,
    );
    exposition.one(
        counter(
            "workmill_workers_reaped_total",
            "Workers removed because they sent no BEAT.",
        ),
        numbers.workers_reaped,
    );
    exposition.one(
        counter(
            "workmill_commits_total",
            "Transactions committed, each for all commands that waited.",
        ),
        numbers.commits,
    );
    exposition.one(
        counter(
            "workmill_rollbacks_total",
            "Transactions rolled back because a statement failed.",
        ),
        numbers.rollbacks,
    );
    let duties = &numbers.duties;
    exposition.labelled(
        counter(
            "workmill_duty_runs_total",
            "Runs of the server's own duties.",
        ),
        &["duty"],
        duties.iter().map(|duty| ([duty.name], duty.runs)),
    );
    exposition.labelled(
        counter(
            "workmill_duty_seconds_total",
            "Time that the server's own duties have taken, waiting included.",
        ),
        &["duty"],
        duties
            .iter()
            .map(|duty| ([duty.name], duty.time.as_secs_f64())),
    );
}

fn write_workers(exposition: &mut Exposition, workers: &[WorkerView]) {
    let states = ["running", "quiet", "terminate"];
    let counts = states.map(|state| {
        let count = workers
            .iter()
            .filter(|worker| worker.state == state)
            .count();
        ([state], count)
    });
    exposition.labelled(
        gauge("workmill_workers", "Worker processes that are connected."),
        &["state"],
        counts,
    );
}

fn write_disk(exposition: &mut Exposition, space: DiskSpace) {
    exposition.one(
        gauge(
            "workmill_storage_free_bytes",
            "Bytes that can still be written on the disk of the storage directory.",
        ),
        space.free_bytes,
    );
    exposition.one(
        gauge(
            "workmill_storage_size_bytes",
            "Bytes of the disk of the storage directory.",
        ),
        space.bytes,
    );
}

fn write_jobs(exposition: &mut Exposition, observed: &Observed) {
    let totals = &observed.totals;
    let enqueued: u64 = totals.queues.values().map(|queue| queue.size).sum();
    exposition.labelled(
        gauge("workmill_jobs", "Jobs by state."),
        &["state"],
        [
            (["enqueued"], enqueued),
            (["working"], totals.working),
            (["scheduled"], totals.scheduled),
            (["retries"], totals.retries),
            (["dead"], totals.dead),
            (["completed"], totals.completed),
        ],
    );
    exposition.one(
        gauge("workmill_queues", "Queues, empty ones included."),
        totals.queues.len(),
    );
    for (name, help, count) in [
        (
            "workmill_jobs_processed_total",
            "Executions that have ended, failed ones included.",
            totals.counts.processed,
        ),
        (
            "workmill_jobs_failed_total",
            "Executions that have failed.",
            totals.counts.failures,
        ),
        (
            "workmill_jobs_expired_total",
            "Jobs dropped because they had expired.",
            totals.counts.expired,
        ),
    ] {
        exposition.one(counter(name, help), count);
    }
}
