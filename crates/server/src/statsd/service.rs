//! The service that sends metrics. It runs always, and does nothing while metrics are off.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::{MissedTickBehavior, interval, sleep};

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
                        // If the committer is too troubled to tell, there are none this time.
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

    /// Measures and sends. Nothing if the committer does not answer any more.
    async fn send_gauges(&mut self, shared: &Shared) -> Option<()> {
        let report = gauges::totals(shared).await?;
        let connections = shared.roster.connections.len();
        let datagrams = gauges::write_totals(&self.format, &report.totals, connections);
        self.link.send(datagrams, 0).await;
        let queues = report.totals.queues.iter();
        let queues: Vec<(String, u64)> = queues
            .map(|(queue, totals)| (queue.clone(), totals.size))
            .collect();
        // With many queues it is large, and sending takes its time.
        drop(report);
        for queues in queues.chunks(QUEUES_AT_ONCE) {
            let datagrams = self.measure_queues(shared, queues).await?;
            self.link.send(datagrams, 0).await;
        }
        Some(())
    }

    async fn measure_queues(&self, shared: &Shared, queues: &[(String, u64)]) -> Option<Datagrams> {
        // In empty ones nothing has waited.
        let filled: Vec<String> = queues
            .iter()
            .filter(|(_, size)| *size > 0)
            .map(|(queue, _)| queue.clone())
            .collect();
        let latencies: BTreeMap<String, f64> = gauges::latencies(shared, &filled)
            .await?
            .into_iter()
            .collect();
        let measured: Vec<(String, u64, f64)> = queues
            .iter()
            .map(|(queue, size)| {
                let latency_secs = latencies.get(queue).copied().unwrap_or(0.0);
                (queue.clone(), *size, latency_secs)
            })
            .collect();
        Some(gauges::write_queues(&self.format, &measured))
    }
}
