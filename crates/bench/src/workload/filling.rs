//! Many jobs, pushed in batches.

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use tokio::time::Instant;

use crate::batch::Batch;
use crate::client::Client;
use crate::job::JobTemplate;
use crate::latency::Step;
use crate::ledger::Ledger;
use crate::server::Server;
use crate::session::Session;
use crate::stage::{Stage, Timing};
use crate::window::{Tasks, Window, conduct};

/// Connections of a filling that is not measured for itself.
pub(super) const CONNECTIONS: u16 = 4;

/// Jobs in a PUSHB of such a filling.
pub(super) const BATCH: u32 = 1_000;

/// Refuses more queues than a batch has jobs: some would never get one.
pub(super) fn check(batch: u32, queues: u16) -> anyhow::Result<()> {
    if u32::from(queues) > batch {
        bail!("jobs are pushed in batches of {batch}, which do not reach {queues} queues");
    }
    Ok(())
}

/// What is pushed, and how.
pub(super) struct Filling<'a> {
    pub(super) ledger: &'a Arc<Ledger>,
    /// The first of its producers in the ledger; there is one for each connection.
    pub(super) first_producer: u16,
    pub(super) connections: u16,
    /// Jobs of one PUSHB, at most.
    pub(super) batch: u32,
    /// Used in turn.
    pub(super) templates: Vec<JobTemplate>,
}

impl Filling<'_> {
    /// Pushes so many jobs.
    pub(super) async fn fill(
        &self,
        jobs: u32,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Window> {
        let timing = Timing {
            duration: Duration::ZERO,
            warmup: Duration::ZERO,
            jobs: Some(u64::from(jobs)),
        };
        let stage = Arc::new(Stage::new(&timing));
        self.run(&stage, &timing, server, session).await
    }

    /// Pushes until the time is over or the jobs are all pushed, and measures it.
    pub(super) async fn run(
        &self,
        stage: &Arc<Stage>,
        timing: &Timing,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Window> {
        let wid = self.ledger.run().wid();
        let mut tasks = Tasks::new();
        let clients = server.connect_workers(self.connections, &wid).await?;
        for (producer, client) in (self.first_producer..).zip(clients) {
            let filler = Filler {
                client,
                producer,
                size: self.batch,
                batch: Batch::new(&self.templates, self.batch as usize),
                ledger: Arc::clone(self.ledger),
                stage: Arc::clone(stage),
            };
            tasks.spawn(filler.run());
        }
        conduct(stage, timing, tasks, server, &wid, session).await
    }
}

/// One connection.
struct Filler {
    client: Client,
    producer: u16,
    size: u32,
    batch: Batch,
    ledger: Arc<Ledger>,
    stage: Arc<Stage>,
}

impl Filler {
    async fn run(mut self) -> anyhow::Result<()> {
        let run = self.ledger.run();
        loop {
            let count = self.stage.next_jobs(self.size);
            if count == 0 {
                return Ok(());
            }
            let first = self.ledger.issue_many(self.producer, count);
            let jids = first.and_next(count).map(|job| run.jid(job));
            let json = self.batch.with_jids(jids);
            let begin = Instant::now();
            self.client.push_bulk(json).await?;
            let time = begin.elapsed();
            self.ledger.pushed_many(first, count);
            self.stage
                .record(u64::from(count), &[(Step::PushBulk, time)])?;
        }
    }
}
