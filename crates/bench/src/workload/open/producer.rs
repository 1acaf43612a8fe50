//! A connection that pushes jobs at their times.

use std::sync::Arc;
use std::sync::atomic::Ordering;

use tokio::time::Instant;

use super::{Exchange, SCHEDULED};
use crate::client::Client;
use crate::job::JobTemplate;
use crate::latency::Step;

pub(super) struct Producer {
    client: Client,
    /// One for each queue.
    jobs: Vec<JobTemplate>,
    exchange: Arc<Exchange>,
}

impl Producer {
    pub(super) fn new(client: Client, jobs: Vec<JobTemplate>, exchange: Arc<Exchange>) -> Self {
        Self {
            client,
            jobs,
            exchange,
        }
    }

    /// Waits for the time of the next job that no other producer has taken, and pushes it; until it is told to stop.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let exchange = Arc::clone(&self.exchange);
        let stage = &exchange.stage;
        while stage.next_job() {
            let in_time = tokio::select! {
                in_time = exchange.metronome.wait() => in_time?,
                () = stage.over() => return Ok(()),
            };
            let job = exchange.ledger.issue(SCHEDULED);
            let due = exchange.metronome.due(job.number);
            if in_time {
                stage.record(0, &[(Step::Timer, Instant::now() - due)])?;
            } else {
                exchange.late.fetch_add(1, Ordering::Relaxed);
            }
            let index = job.number as usize % self.jobs.len().max(1);
            if let Some(template) = self.jobs.get_mut(index) {
                let jid = exchange.ledger.run().jid(job);
                // Before it is sent: its consumer may be done with it before its producer knows that it is pushed.
                exchange.pushed.fetch_add(1, Ordering::Relaxed);
                self.client.push(template.with_jid(&jid)).await?;
                exchange.ledger.pushed(job);
                stage.record(0, &[(Step::Push, Instant::now() - due)])?;
            }
        }
        Ok(())
    }
}
