//! The open loop: jobs are pushed at a fixed rate, whether the server keeps up or not.
//!
//! Every job has its time. What a job waits for is counted from that time on, and not from when it could be pushed at
//! last: otherwise a server that stalls would be spared all the jobs that were due meanwhile.

mod consumer;
mod exchange;
mod producer;

use std::sync::Arc;
use std::time::Duration;

use clap::Args;
use serde::Serialize;

use super::{LoadOptions, Workload};
use crate::client::Client;
use crate::drain;
use crate::job::Run;
use crate::report::{Figure, Measurement};
use crate::server::Server;
use crate::session::Session;
use crate::window::{Tasks, Window, conduct};
use consumer::Consumer;
use exchange::{Exchange, finish};
use producer::Producer;

/// The ledger's producer of all jobs that are measured: their numbers tell their times.
const SCHEDULED: u16 = 0;

/// The ledger's producer of the jobs that send consumers home.
const FAREWELL: u16 = 1;

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
    load: LoadOptions,
}

impl Workload for Open {
    const NAME: &'static str = "open";

    fn describe(&self) -> String {
        format!(
            "{} jobs/s, {} connections push and {} fetch, {}",
            self.rate,
            self.producers,
            self.consumers,
            self.load.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        let (exchange, window) = self.load(Duration::ZERO, server, session).await?;
        let mut measurement = window.measurement(&exchange.stage);
        let late_percent = exchange.late_percent();
        measurement
            .figures
            .insert(Figure::LatePercent, late_percent);
        let closing = drain::finish(&exchange.ledger, self.load.job.queues, server);
        drain::conclude(&mut measurement, exchange.ledger.run(), session, closing).await?;
        Ok(measurement)
    }
}

impl Open {
    /// The same load for another workload.
    pub(super) fn new(rate: u32, producers: u16, consumers: u16, load: LoadOptions) -> Self {
        Self {
            rate,
            producers,
            consumers,
            load,
        }
    }

    /// Puts the load on the server and measures it. The consumers begin one by one, spread over a time.
    pub(super) async fn load(
        &self,
        spread: Duration,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<(Arc<Exchange>, Window)> {
        let run = Run::new()?;
        let wid = run.wid();
        let mut producers = Vec::new();
        for _ in 0..self.producers {
            producers.push(server.connect(None).await?);
        }
        let consumers = server.connect_workers(self.consumers, &wid).await?;
        let farewell = server.connect(None).await?;
        let exchange = Arc::new(Exchange::start(run, &self.load.timing, self.rate)?);
        let tasks = self.tasks(&exchange, producers, consumers, farewell, spread)?;
        let stage = &exchange.stage;
        let window = conduct(stage, &self.load.timing, tasks, server, &wid, session).await?;
        Ok((exchange, window))
    }

    fn tasks(
        &self,
        exchange: &Arc<Exchange>,
        producers: Vec<Client>,
        consumers: Vec<Client>,
        farewell: Client,
        spread: Duration,
    ) -> anyhow::Result<Tasks> {
        let queues = exchange.ledger.run().queues(self.load.job.queues);
        let jobs = self.load.job.templates(exchange.ledger.run())?;
        let mut tasks = Tasks::new();
        for (index, client) in (0..).zip(consumers) {
            let consumer = Consumer::new(client, queues.join(" "), Arc::clone(exchange));
            let delay = spread * index / u32::from(self.consumers);
            tasks.spawn(consumer.run(delay));
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
