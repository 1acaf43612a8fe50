//! What producers and consumers share, and how they come to an end.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::FAREWELL;
use crate::batch::Batch;
use crate::client::Client;
use crate::job::{JobTemplate, Run};
use crate::ledger::Ledger;
use crate::stage::{Stage, Timing};
use crate::window::Tasks;
use crate::workload::metronome::Metronome;

/// How long to wait for the next job that is still under way when no more are pushed.
const LAST_JOBS_WAIT: Duration = Duration::from_secs(2);

/// How many consumers are sent home by one PUSHB.
const FAREWELL_BATCH: u16 = 100;

/// What producers and consumers share.
#[derive(Debug)]
pub(in crate::workload) struct Exchange {
    pub(in crate::workload) ledger: Ledger,
    pub(in crate::workload) stage: Stage,
    pub(super) metronome: Metronome,
    pub(super) pushed: AtomicU64,
    /// Of these: those that found no producer free at their time.
    pub(super) late: AtomicU64,
    pub(super) done: AtomicU64,
    /// FETCHes answered without a job in the time that counts.
    pub(in crate::workload) empty: AtomicU64,
    pub(super) job_done: Notify,
}

impl Exchange {
    /// Nothing is pushed yet, and the clock ticks.
    pub(super) fn start(run: Run, timing: &Timing, rate: u32) -> anyhow::Result<Self> {
        Ok(Self {
            ledger: Ledger::new(run, 2),
            stage: Stage::new(timing),
            metronome: Metronome::start(Duration::from_secs(1) / rate)?,
            pushed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            done: AtomicU64::new(0),
            empty: AtomicU64::new(0),
            job_done: Notify::new(),
        })
    }

    /// Share of the jobs that found no producer free at their time.
    #[expect(clippy::cast_precision_loss)]
    pub(super) fn late_percent(&self) -> f64 {
        let pushed = self.pushed.load(Ordering::Relaxed).max(1) as f64;
        self.late.load(Ordering::Relaxed) as f64 * 100.0 / pushed
    }

    /// Waits until all jobs that were pushed are done; not for ever, for some may be lost.
    async fn all_done(&self) {
        while self.done.load(Ordering::Relaxed) < self.pushed.load(Ordering::Relaxed) {
            if timeout(LAST_JOBS_WAIT, self.job_done.notified())
                .await
                .is_err()
            {
                return;
            }
        }
    }
}

/// Sends all consumers home when the last job is done: each by a job of its own, because a FETCH that is broken off may
/// take a job along that is pushed later.
pub(super) async fn finish(
    mut producing: Tasks,
    exchange: Arc<Exchange>,
    mut client: Client,
    job: Option<JobTemplate>,
    consumers: u16,
) -> anyhow::Result<()> {
    while let Some(producer) = producing.join_next().await {
        producer??;
    }
    exchange.all_done().await;
    let run = exchange.ledger.run();
    let mut batch = Batch::new(job.as_slice(), FAREWELL_BATCH.into());
    let mut left = consumers;
    while left > 0 {
        let count = left.min(FAREWELL_BATCH);
        let first = exchange.ledger.issue_many(FAREWELL, count.into());
        let jids = first.and_next(count.into()).map(|job| run.jid(job));
        client.push_bulk(batch.with_jids(jids)).await?;
        exchange.ledger.pushed_many(first, count.into());
        left -= count;
    }
    Ok(())
}
