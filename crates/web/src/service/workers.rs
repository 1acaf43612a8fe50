//! Workers and connections.

use std::collections::BTreeSet;
use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::Timestamp;

use super::moment::told;
use super::{Page, PageRequest, Problem, ProblemKind};
use crate::desk::{
    Action, Actor, ConnectionView, Desk, Permit, WorkerChoice, WorkerSignal, WorkerView,
};
use crate::observe::Observer;

/// Labels that are offered to choose workers by.
const LABELS_MAX: usize = 100;

/// A worker process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Worker {
    /// Its id.
    pub wid: String,
    /// Where it runs, as it says.
    pub hostname: String,
    /// Its process id there, as it says.
    pub pid: i64,
    /// What it calls itself.
    pub labels: Vec<String>,
    /// Its resident memory in KiB, as it said last; 0 if it did not.
    pub rss_kb: i64,
    /// `running`, `quiet` or `terminate`.
    pub state: String,
    /// Its open connections.
    pub connections: u64,
    /// Since when it is connected.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Timestamp,
    /// When a command of it last came.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub heard_at: Timestamp,
    /// Jobs that it has.
    pub jobs: u64,
}

/// An open connection.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Connection {
    /// Its other end.
    pub peer: String,
    /// The worker it belongs to; null if none.
    pub wid: Option<String>,
    /// Since when it is open.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub connected_at: Timestamp,
    /// `idle`, `running`, `fetching` or `sending`.
    pub phase: String,
}

/// Workers by id. The cursor is the id of the last one.
///
/// # Errors
/// The limit is out of range; reading failed.
pub async fn list(
    desk: &dyn Desk,
    observer: &Observer,
    asked: &PageRequest,
) -> Result<Page<Worker>, Problem> {
    let limit = asked.limit()?;
    let observed = observer.now(desk).await?;
    let now = desk.now();
    let after = asked.cursor.as_deref().unwrap_or_default();
    let mut workers = desk.workers();
    workers.retain(|worker| &*worker.wid > after);
    workers.sort_by(|one, other| one.wid.cmp(&other.wid));
    let shown = workers.into_iter().map(|worker| {
        let jobs = observed.held.get(&*worker.wid).copied();
        Worker::new(worker, jobs.unwrap_or_default(), now)
    });
    Ok(Page::of_all(shown, limit, |worker| worker.wid.clone()))
}

/// The labels of all workers in order, each once, 100 at most.
pub fn labels(desk: &dyn Desk) -> Vec<String> {
    let workers = desk.workers().into_iter();
    let labels: BTreeSet<String> = workers.flat_map(|worker| worker.labels).collect();
    labels.into_iter().take(LABELS_MAX).collect()
}

/// Open connections that have said HELLO, the oldest first. The cursor is how many came before.
///
/// # Errors
/// The limit is out of range; the cursor is no number.
pub fn connections(desk: &dyn Desk, asked: &PageRequest) -> Result<Page<Connection>, Problem> {
    let limit = asked.limit()?;
    let skipped = asked.after(|text| text.parse().ok())?.unwrap_or(0_usize);
    let now = desk.now();
    let all = desk.connections();
    let end = skipped.saturating_add(limit);
    let has_more = end < all.len();
    let shown = all.into_iter().skip(skipped).take(limit);
    Ok(Page {
        items: shown.map(|one| Connection::new(one, now)).collect(),
        cursor: has_more.then(|| end.to_string()),
    })
}

/// How many workers an action concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Signalled {
    /// How many.
    pub workers: u64,
}

/// Tells workers to fetch no more or to end. They hear it at their next BEAT.
///
/// # Errors
/// The role; there is no worker with the id that was named.
pub fn signal(
    desk: &dyn Desk,
    actor: &Actor,
    choice: &WorkerChoice,
    signal: WorkerSignal,
) -> Result<Signalled, Problem> {
    let action = match signal {
        WorkerSignal::Quiet => Action::QuietWorkers,
        WorkerSignal::Terminate => Action::TerminateWorkers,
    };
    let permit = Permit::check(actor, action)?;
    let workers = desk.signal_workers(&permit, choice, signal) as u64;
    match (workers, choice) {
        (0, WorkerChoice::Wid(_)) => {
            let detail = "there is no worker with this id: it has gone, or was never here";
            Err(Problem::new(ProblemKind::NotFound, detail))
        }
        _ => Ok(Signalled { workers }),
    }
}

impl Worker {
    fn new(view: WorkerView, jobs: u64, now: Timestamp) -> Self {
        Self {
            wid: view.wid.as_ref().into(),
            hostname: view.hostname,
            pid: view.pid,
            labels: view.labels,
            rss_kb: view.rss_kb,
            state: view.state.into(),
            connections: view.connections as u64,
            connected_at: before(now, view.connected_for),
            heard_at: before(now, view.silent_for),
            jobs,
        }
    }
}

impl Connection {
    fn new(view: ConnectionView, now: Timestamp) -> Self {
        let wid = view.wid.as_ref();
        Self {
            peer: view.peer.to_string(),
            wid: (!wid.is_empty()).then(|| wid.into()),
            connected_at: before(now, view.age),
            phase: view.phase.into(),
        }
    }
}

fn before(now: Timestamp, time: Duration) -> Timestamp {
    let micros = i64::try_from(time.as_micros()).unwrap_or(i64::MAX);
    Timestamp::from_micros(now.as_micros().saturating_sub(micros))
}
