//! All workers.

use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio_util::sync::CancellationToken;
use workmill_proto::{Beat, Hello};
use workmill_web::WorkerView;

use super::worker::{Worker, WorkerState};

/// How long a worker may be without BEAT, and how long one that was seen counts as alive. Faktory's.
pub(super) const STALE_AFTER: Duration = Duration::from_secs(60);

/// How many workers that have left are remembered. They are remembered for [`STALE_AFTER`]; a client that
/// makes up worker ids must not fill the memory meanwhile.
const GONE_MAX: usize = 100_000;

/// The workers that are there, and those that were a moment ago.
#[derive(Debug, Default)]
pub(crate) struct Registry {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    workers: HashMap<Arc<str>, Entry>,
    /// Workers that left, the earliest first, and when they were last seen.
    gone: VecDeque<(Arc<str>, Duration)>,
    reaped: u64,
}

#[derive(Debug)]
struct Entry {
    worker: Arc<Worker>,
    /// What its first connection said, as far as operators see it.
    hostname: String,
    pid: i64,
    labels: Vec<String>,
    rss_kb: i64,
    joined_at: Duration,
    beat_at: Duration,
    connections: HashMap<u64, CancellationToken>,
}

/// Says that a connection belongs to a worker; dropped when the connection closes.
#[derive(Debug)]
pub(crate) struct WorkerConnection {
    worker: Arc<Worker>,
    connection_id: u64,
    registry: Arc<Registry>,
}

/// The numbers of INFO.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct WorkerCounts {
    /// Workers that are there.
    pub(crate) size: u64,
    /// Workers removed because they sent no BEAT.
    pub(crate) reaped: u64,
}

impl Registry {
    /// Adds a connection to the worker it names, which is made if it is not there. None for a connection that
    /// names no worker. `now`, here and below, is the server's uptime: a worker can only grow stale while the server can
    /// hear it. The token closes the connection when the worker is reaped.
    pub(crate) fn join(
        self: &Arc<Self>,
        hello: &Hello,
        connection_id: u64,
        close: &CancellationToken,
        now: Duration,
    ) -> Option<WorkerConnection> {
        if hello.wid.is_empty() {
            return None;
        }
        let mut state = self.state.lock();
        let wid: Arc<str> = hello.wid.as_str().into();
        let entry = state
            .workers
            .entry(Arc::clone(&wid))
            .or_insert_with(|| Entry {
                worker: Arc::new(Worker::new(wid, connection_id + 1, now)),
                hostname: hello.hostname.clone(),
                pid: hello.pid,
                labels: hello.labels.clone(),
                rss_kb: hello.rss_kb,
                joined_at: now,
                beat_at: now,
                connections: HashMap::new(),
            });
        entry.connections.insert(connection_id, close.clone());
        entry.worker.touch(now);
        Some(WorkerConnection {
            worker: Arc::clone(&entry.worker),
            connection_id,
            registry: Arc::clone(self),
        })
    }

    /// A connection of a worker has closed. The last one takes the worker with it.
    fn leave(&self, worker: &Arc<Worker>, connection_id: u64) {
        let mut state = self.state.lock();
        let Some(entry) = state.workers.get_mut(worker.wid()) else {
            return;
        };
        if !Arc::ptr_eq(&entry.worker, worker) {
            // The worker was reaped meanwhile, and has come back.
            return;
        }
        entry.connections.remove(&connection_id);
        if entry.connections.is_empty() {
            state.workers.remove(worker.wid());
            state.remember(worker);
        }
    }

    /// A sign of life. Answers with the worker's state after it; none for a worker that is not there. Any
    /// connection may send it (as Faktory).
    pub(crate) fn beat(&self, beat: &Beat, now: Duration) -> Option<WorkerState> {
        let mut state = self.state.lock();
        let entry = state.workers.get_mut(beat.wid.as_str())?;
        entry.beat_at = now;
        entry.worker.touch(now);
        entry.rss_kb = beat.rss_kb.unwrap_or(entry.rss_kb);
        if let Some(wanted) = beat.current_state.as_deref().and_then(WorkerState::parse) {
            entry.worker.advance(wanted);
        }
        Some(entry.worker.state())
    }

    /// Removes the workers that have sent no BEAT for too long, and closes their connections. One that comes
    /// back is taken in again. Tells who they were.
    pub(crate) fn reap(&self, now: Duration) -> Vec<Arc<str>> {
        let mut state = self.state.lock();
        let overdue: Vec<Entry> = state
            .workers
            .extract_if(|_, entry| now.saturating_sub(entry.beat_at) >= STALE_AFTER)
            .map(|(_, entry)| entry)
            .collect();
        state.reaped += overdue.len() as u64;
        for entry in &overdue {
            state.remember(&entry.worker);
        }
        drop(state);
        for close in overdue.iter().flat_map(|entry| entry.connections.values()) {
            close.cancel();
        }
        overdue
            .iter()
            .map(|entry| Arc::clone(entry.worker.wid()))
            .collect()
    }

    /// The workers from which a command came within the last minute, whether they are still there or not.
    pub(crate) fn alive(&self, now: Duration) -> BTreeSet<String> {
        let is_recent = |last_seen: Duration| now.saturating_sub(last_seen) < STALE_AFTER;
        let mut state = self.state.lock();
        state.gone.retain(|(_, last_seen)| is_recent(*last_seen));
        let gone = state.gone.iter().map(|(wid, _)| wid);
        let here = state
            .workers
            .values()
            .filter(|entry| is_recent(entry.worker.last_seen()));
        here.map(|entry| entry.worker.wid())
            .chain(gone)
            .map(|wid| wid.to_string())
            .collect()
    }

    /// Moves those workers on to a state, of which their next BEAT is told. Tells how many there are of them.
    pub(crate) fn signal(
        &self,
        wanted: WorkerState,
        chosen: impl Fn(&str, &[String]) -> bool,
    ) -> usize {
        let state = self.state.lock();
        let entries = state.workers.values();
        let entries = entries.filter(|entry| chosen(entry.worker.wid(), &entry.labels));
        entries.map(|entry| entry.worker.advance(wanted)).count()
    }

    /// How many there are.
    pub(crate) fn counts(&self) -> WorkerCounts {
        let state = self.state.lock();
        WorkerCounts {
            size: state.workers.len() as u64,
            reaped: state.reaped,
        }
    }

    /// All of them, by id.
    pub(crate) fn views(&self, now: Duration) -> Vec<WorkerView> {
        let state = self.state.lock();
        let mut views: Vec<WorkerView> = state
            .workers
            .values()
            .map(|entry| entry.view(now))
            .collect();
        drop(state);
        views.sort_by(|a, b| a.wid.cmp(&b.wid));
        views
    }
}

impl State {
    fn remember(&mut self, worker: &Worker) {
        if self.gone.len() >= GONE_MAX {
            self.gone.pop_front();
        }
        self.gone
            .push_back((Arc::clone(worker.wid()), worker.last_seen()));
    }
}

impl Entry {
    fn view(&self, now: Duration) -> WorkerView {
        WorkerView {
            wid: Arc::clone(self.worker.wid()),
            hostname: self.hostname.clone(),
            pid: self.pid,
            labels: self.labels.clone(),
            rss_kb: self.rss_kb,
            state: self.worker.state().as_str(),
            connections: self.connections.len(),
            connected_for: now.saturating_sub(self.joined_at),
            silent_for: now.saturating_sub(self.worker.last_seen()),
        }
    }
}

impl WorkerConnection {
    /// The worker.
    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }
}

impl Drop for WorkerConnection {
    fn drop(&mut self) {
        self.registry.leave(&self.worker, self.connection_id);
    }
}
