//! What tells open pages that something has changed: the numbers of the server, once a second at most.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use tokio::sync::{Mutex, OwnedSemaphorePermit, Semaphore, mpsc};
use tokio::time::{Instant, sleep};
use utoipa::ToSchema;
use workmill_store::StoreError;

use super::hex::hex;
use super::{Problem, ProblemKind};
use crate::app::App;
use crate::desk::{Desk, ServerState};

/// Streams that may be open at a time, and half of the connections at most, so that there is always room for others.
pub(crate) const STREAMS_MAX: usize = 256;

/// How many connections may be open at a time.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ConnectionsMax(pub(crate) usize);

/// How often numbers are looked at.
const EVERY: Duration = Duration::from_secs(1);

/// After so many looks without a change something is said nevertheless, so that proxies keep the stream open and who has gone is
/// noticed.
const QUIET_LOOKS_MAX: u32 = 15;

/// Events that wait for a reader who takes nothing in: who is slow misses some.
const WAITING_MAX: usize = 1;

/// The numbers that pages show everywhere.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, ToSchema)]
pub(crate) struct Numbers {
    queues: u64,
    enqueued: u64,
    working: u64,
    scheduled: u64,
    retries: u64,
    dead: u64,
    completed: u64,
    workers: u64,
    /// Executions since the store was made.
    processed: u64,
    /// Those that failed.
    failures: u64,
    /// How many queues are paused.
    paused: u64,
}

/// The streams that are open, and what was said last.
#[derive(Debug)]
pub(crate) struct Streams {
    places: Arc<Semaphore>,
    last: Mutex<Option<(Instant, Event)>>,
}

/// What is said, and its id.
#[derive(Clone, Debug)]
struct Event {
    id: Arc<str>,
    said: Bytes,
}

/// A stream of events; closed when this is dropped.
pub(crate) struct Stream {
    pub(crate) events: mpsc::Receiver<Bytes>,
    _place: OwnedSemaphorePermit,
}

impl Default for Streams {
    fn default() -> Self {
        Self {
            places: Arc::new(Semaphore::new(STREAMS_MAX)),
            last: Mutex::default(),
        }
    }
}

impl Streams {
    /// Opens a stream. `seen` is the id of the last event that the reader has had.
    ///
    /// # Errors
    /// As many are open as may be.
    pub(crate) fn open(
        &self,
        app: &Arc<App>,
        ConnectionsMax(connections_max): ConnectionsMax,
        seen: Option<String>,
    ) -> Result<Stream, Problem> {
        let most = STREAMS_MAX.min(connections_max / 2);
        let open = STREAMS_MAX.saturating_sub(self.places.available_permits());
        let place = Arc::clone(&self.places).try_acquire_owned();
        let Some(place) = place.ok().filter(|_| open < most) else {
            let detail = format!("{most} streams are open already: ask for the numbers instead");
            return Err(Problem::new(ProblemKind::Unavailable, detail));
        };
        let (sink, events) = mpsc::channel(WAITING_MAX);
        tokio::spawn(tell(Arc::clone(app), seen, sink));
        Ok(Stream {
            events,
            _place: place,
        })
    }

    /// What is to be said now: the same for all, and read once for all who ask within a second.
    async fn event(&self, desk: &dyn Desk) -> Result<Event, StoreError> {
        let mut last = self.last.lock().await;
        if let Some((at, event)) = &*last
            && at.elapsed() < EVERY
        {
            return Ok(event.clone());
        }
        let event = Event::of(&numbers(desk).await?);
        *last = Some((Instant::now(), event.clone()));
        Ok(event)
    }
}

impl Event {
    fn of(numbers: &Numbers) -> Self {
        let data = serde_json::to_string(numbers).unwrap_or_default();
        let digest = Sha256::digest(data.as_bytes());
        let id = hex(digest.get(..8).unwrap_or_default());
        Self {
            said: format!("id: {id}\nevent: numbers\ndata: {data}\n\n").into(),
            id: id.into(),
        }
    }
}

/// Tells what changes until the reader has gone or the server stops.
async fn tell(app: Arc<App>, seen: Option<String>, sink: mpsc::Sender<Bytes>) {
    let mut seen: Option<Arc<str>> = seen.map(Arc::from);
    let mut quiet_looks = 0;
    while app.desk.state() != ServerState::Stopping {
        // What cannot be read now may be readable in a second.
        let event = app.streams.event(&*app.desk).await.ok();
        let event = event.filter(|event| seen.as_ref() != Some(&event.id));
        quiet_looks = match event {
            Some(_) => 0,
            None => quiet_looks + 1,
        };
        let said = match event {
            Some(event) => {
                seen = Some(event.id);
                event.said
            }
            None if quiet_looks % QUIET_LOOKS_MAX == 0 => Bytes::from_static(b":\n\n"),
            None => Bytes::new(),
        };
        if !said.is_empty() && sink.send(said).await.is_err() {
            return;
        }
        tokio::select! {
            () = sleep(EVERY) => {}
            () = sink.closed() => return,
        }
    }
}

async fn numbers(desk: &dyn Desk) -> Result<Numbers, StoreError> {
    let totals = desk.read(|reading| reading.totals()).await?;
    let queues = totals.queues.values();
    Ok(Numbers {
        queues: totals.queues.len() as u64,
        enqueued: queues.clone().map(|queue| queue.size).sum(),
        working: totals.working,
        scheduled: totals.scheduled,
        retries: totals.retries,
        dead: totals.dead,
        completed: totals.completed,
        workers: desk.numbers().workers,
        processed: totals.counts.processed,
        failures: totals.counts.failures,
        paused: queues.filter(|queue| queue.paused).count() as u64,
    })
}
