//! The service that sends metrics. It runs always, and does nothing while metrics are off.

use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};
use workmill_store::reading::Bounds;
use workmill_store::{Reading, StoreError};

use super::datagrams::Datagrams;
use super::format::Format;
use super::gauges::{self, QUEUES_AT_ONCE};
use super::link::Link;
use crate::meters::WaitingEvents;
use crate::services::{Life, Service};
use crate::settings::MetricsSettings;
use crate::shared::Shared;

/// How often gauges are sent.
const GAUGES_EVERY: Duration = Duration::from_secs(30);

/// How long events are gathered, so that many of them share a datagram.
const GATHER_FOR: Duration = Duration::from_millis(10);

/// Starts it. It is to be stopped after the committer: then it sends what is left.
pub(crate) fn send_metrics(shared: &Arc<Shared>) -> Service {
    let shared = Arc::clone(shared);
    Service::start("metrics", |mut life: Life| async move {
        let mut settings = shared.settings.metrics();
        let mut sender = settings.borrow_and_update().as_deref().map(Sender::new);
        // Its first tick is at once.
        let mut gauges_due = interval(GAUGES_EVERY);
        gauges_due.set_missed_tick_behavior(MissedTickBehavior::Delay);
        life.started();
        loop {
            tokio::select! {
                biased;
                () = life.stopping() => break,
                Ok(()) = settings.changed() => {
                    sender = settings.borrow_and_update().as_deref().map(Sender::new);
                    gauges_due.reset_immediately();
                }
                _ = gauges_due.tick(), if sender.is_some() => {
                    if let Some(sender) = &mut sender {
                        // If the store cannot be read, there are none this time.
                        let _ = sender.send_gauges(&shared).await;
                    }
                }
                () = shared.meters.events.arrived() => {
                    tokio::select! {
                        () = life.stopping() => {}
                        () = shared.meters.events.plenty() => {}
                        () = sleep(GATHER_FOR) => {}
                    }
                    send_events(&mut sender, &shared).await;
                }
            }
        }
        send_events(&mut sender, &shared).await;
    })
}

/// Sends what waits; forgets it if metrics were turned off meanwhile.
async fn send_events(sender: &mut Option<Sender>, shared: &Shared) {
    let waiting = shared.meters.events.take();
    if let Some(sender) = sender {
        sender.send_events(waiting).await;
    }
}

/// How and where metrics are sent, as long as the settings stay.
struct Sender {
    format: Format,
    link: Link,
}

impl Sender {
    fn new(settings: &MetricsSettings) -> Self {
        Self {
            format: Format::new(settings),
            link: Link::new(settings.address.clone()),
        }
    }

    async fn send_events(&mut self, waiting: WaitingEvents) {
        let mut datagrams = Datagrams::default();
        let mut line = String::new();
        for event in &waiting.events {
            line.clear();
            self.format.write_event(&mut line, event);
            datagrams.add(&line);
        }
        self.link.send(datagrams, waiting.lost).await;
    }

    /// Reads and sends, as long as there is a store; of several servers on one database only the one that leads does.
    async fn send_gauges(&mut self, shared: &Shared) -> Result<(), StoreError> {
        if shared.engine.is_suspended() {
            return Ok(());
        }
        let totals = shared.reads.read(|reading| reading.totals()).await?;
        let connections = shared.roster.connections.len();
        let datagrams = gauges::write_totals(&self.format, &totals, connections);
        self.link.send(datagrams, 0).await;
        // With many queues they are large, and sending takes its time.
        drop(totals);
        let bounds = Bounds::of_rows(QUEUES_AT_ONCE);
        let mut after = None;
        loop {
            let read = move |reading: &dyn Reading| reading.queues(after, bounds);
            let slice = shared.reads.read(read).await?;
            let now = shared.clock.wall();
            let datagrams = gauges::write_queues(&self.format, &slice.items, now);
            self.link.send(datagrams, 0).await;
            after = slice.next;
            if after.is_none() {
                return Ok(());
            }
        }
    }
}
