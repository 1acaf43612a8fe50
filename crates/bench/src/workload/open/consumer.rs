//! A connection that waits for jobs.

use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use tokio::time::{Instant, sleep};

use super::{Exchange, FAREWELL};
use crate::client::Client;
use crate::latency::Step;

pub(super) struct Consumer {
    client: Client,
    /// With a space between them.
    queues: String,
    exchange: Arc<Exchange>,
}

impl Consumer {
    pub(super) fn new(client: Client, queues: String, exchange: Arc<Exchange>) -> Self {
        Self {
            client,
            queues,
            exchange,
        }
    }

    /// Fetches and acknowledges jobs until one says that it was the last, beginning after a delay.
    pub(super) async fn run(mut self, delay: Duration) -> anyhow::Result<()> {
        sleep(delay).await;
        let Exchange { ledger, stage, .. } = self.exchange.as_ref();
        loop {
            let Some(json) = self.client.fetch(&self.queues).await? else {
                if stage.counts() {
                    self.exchange.empty.fetch_add(1, Ordering::Relaxed);
                }
                continue;
            };
            let started = Instant::now();
            let Some(job) = ledger.fetched(json) else {
                continue;
            };
            self.client.acknowledge(&ledger.run().jid(job)).await?;
            ledger.acknowledged(job);
            if job.producer == FAREWELL {
                return Ok(());
            }
            let steps = [
                (
                    Step::Start,
                    started - self.exchange.metronome.due(job.number),
                ),
                (Step::Acknowledge, started.elapsed()),
            ];
            stage.record(1, &steps)?;
            self.exchange.done.fetch_add(1, Ordering::Relaxed);
            self.exchange.job_done.notify_one();
        }
    }
}
