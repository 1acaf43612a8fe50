//! The open loop: jobs are pushed at a fixed rate, whether the server keeps up or not.
//!
//! Every job has its time. What a job waits for is counted from that time on, and not from when it could be pushed at
//! last: otherwise a server that stalls would be spared all the jobs that were due meanwhile.

mod consumer;
mod metronome;
mod producer;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio::sync::Notify;
use tokio::time::timeout;

use super::{JobOptions, Workload};
use crate::client::Client;
use crate::drain;
use crate::job::{JobTemplate, Run};
use crate::ledger::Ledger;
use crate::report::{Figure, Measurement};
use crate::server::Server;
use crate::session::Session;
use crate::stage::{Stage, Timing};
use crate::window::{Tasks, conduct};
use consumer::Consumer;
use metronome::Metronome;
use producer::Producer;

/// The ledger's producer of all jobs that are measured: their numbers tell their times.
const SCHEDULED: u16 = 0;

/// The ledger's producer of the jobs that send consumers home.
const FAREWELL: u16 = 1;

/// How long to wait for the next job that is still under way when no more are pushed.
const LAST_JOBS_WAIT: Duration = Duration::from_secs(2);

/// Options of `open`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Open {
    /// Jobs to push in a second
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,

    /// Connections that push; a job whose time comes while all of them wait for the server is late
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    producers: u16,

    /// Connections that wait in FETCH
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    consumers: u16,

    #[command(flatten)]
    #[serde(flatten)]
    job: JobOptions,

    #[command(flatten)]
    #[serde(flatten)]
    timing: Timing,
}

impl Workload for Open {
    const NAME: &'static str = "open";

    fn describe(&self) -> String {
        format!(
            "{} jobs/s, {} connections push and {} fetch, {}, {}",
            self.rate,
            self.producers,
            self.consumers,
            self.job.describe(),
            self.timing.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        let run = Run::new()?;
        let wid = run.wid();
        let mut producers = Vec::new();
        for _ in 0..self.producers {
            producers.push(server.connect(None).await?);
        }
        let consumers = server.connect_workers(self.consumers, &wid).await?;
        let farewell = server.connect(None).await?;
        let exchange = Arc::new(Exchange {
            ledger: Ledger::new(run, 2),
            stage: Stage::new(&self.timing),
            metronome: Metronome::start(Duration::from_secs(1) / self.rate)?,
            pushed: AtomicU64::new(0),
            late: AtomicU64::new(0),
            done: AtomicU64::new(0),
            job_done: Notify::new(),
        });
        let tasks = self.tasks(&exchange, producers, consumers, farewell)?;
        let stage = &exchange.stage;
        let window = conduct(stage, &self.timing, tasks, server, &wid, session).await?;
        let mut figures = window.figures();
        figures.insert(Figure::LatePercent, exchange.late_percent());
        let latencies_us = stage.latencies().percentiles();
        Ok(Measurement {
            interrupted: window.interrupted,
            figures,
            latencies_us,
            delivery: Some(drain::finish(&exchange.ledger, self.job.queues, server).await?),
            ..Measurement::default()
        })
    }
}

impl Open {
    fn tasks(
        &self,
        exchange: &Arc<Exchange>,
        producers: Vec<Client>,
        consumers: Vec<Client>,
        farewell: Client,
    ) -> anyhow::Result<Tasks> {
        let queues = exchange.ledger.run().queues(self.job.queues);
        let jobs = self.job.templates(exchange.ledger.run())?;
        let mut tasks = Tasks::new();
        for client in consumers {
            let consumer = Consumer::new(client, queues.join(" "), Arc::clone(exchange));
            tasks.spawn(consumer.run());
        }
        let mut producing = Tasks::new();
        for client in producers {
            let producer = Producer::new(client, jobs.clone(), Arc::clone(exchange));
            producing.spawn(producer.run());
        }
        let first = jobs.into_iter().next();
        tasks.spawn(finish(
            producing,
            Arc::clone(exchange),
            farewell,
            first,
            self.consumers,
        ));
        Ok(tasks)
    }
}

/// What producers and consumers share.
#[derive(Debug)]
struct Exchange {
    ledger: Ledger,
    stage: Stage,
    metronome: Metronome,
    pushed: AtomicU64,
    /// Of these: those that found no producer free at their time.
    late: AtomicU64,
    done: AtomicU64,
    job_done: Notify,
}

impl Exchange {
    #[expect(clippy::cast_precision_loss)]
    fn late_percent(&self) -> f64 {
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
async fn finish(
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
    let Some(mut job) = job else {
        return Ok(());
    };
    for _ in 0..consumers {
        let number = exchange.ledger.issue(FAREWELL);
        let jid = exchange.ledger.run().jid(number);
        client.push(job.with_jid(&jid)).await?;
        exchange.ledger.pushed(number);
    }
    Ok(())
}
