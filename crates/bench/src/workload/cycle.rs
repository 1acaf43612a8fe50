//! The closed loop: each connection pushes a job, fetches one and acknowledges it, and begins again.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use super::metronome::Metronome;
use super::{LoadOptions, Workload};
use crate::client::Client;
use crate::drain;
use crate::job::{JobNumber, JobTemplate, Run};
use crate::latency::Step;
use crate::ledger::Ledger;
use crate::report::Measurement;
use crate::server::Server;
use crate::session::Session;
use crate::stage::Stage;
use crate::window::{Tasks, Window, conduct};

/// Options of `cycle`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Cycle {
    /// Number of connections
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..))]
    connections: u16,

    #[command(flatten)]
    #[serde(flatten)]
    load: LoadOptions,

    /// Share of jobs that FAIL, and are not tried again, instead of ACK
    #[arg(long, value_name = "PERCENT", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100))]
    #[serde(rename = "fail_percent")]
    fail: u32,

    /// Number of batches, opened before the load and not committed, that the jobs are members of in turn
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    #[arg(value_parser = clap::value_parser!(u32).range(0..=100_000))]
    batches: u32,
}

impl Workload for Cycle {
    const NAME: &'static str = "cycle";

    fn describe(&self) -> String {
        let fail = match self.fail {
            0 => String::new(),
            percent => format!(", {percent} % of them fail"),
        };
        let batches = match self.batches {
            0 => String::new(),
            1 => ", all of one batch".to_owned(),
            number => format!(", of {number} batches"),
        };
        format!(
            "{} connections, {}{batches}{fail}, {}",
            self.connections,
            self.load.job.describe(),
            self.load.timing.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        let ledger = Arc::new(Ledger::new(Run::new()?, self.connections));
        let stage = Arc::new(Stage::new(&self.load.timing));
        let window = self.load(&ledger, &stage, server, session).await?;
        let mut measurement = window.measurement(&stage);
        let closing = drain::finish(&ledger, self.load.job.queues, server);
        drain::conclude(&mut measurement, ledger.run(), session, closing).await?;
        Ok(measurement)
    }
}

impl Cycle {
    /// A load without failures.
    pub(super) fn new(connections: u16, load: LoadOptions) -> Self {
        Self {
            connections,
            load,
            fail: 0,
            batches: 0,
        }
    }

    /// Puts the load on the queues of the ledger's run and measures it. The first producers of the ledger are its own.
    pub(super) async fn load(
        &self,
        ledger: &Arc<Ledger>,
        stage: &Arc<Stage>,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Window> {
        let tasks = self.tasks(ledger, stage, None, server).await?;
        let wid = ledger.run().wid();
        conduct(stage, &self.load.timing, tasks, server, &wid, session).await
    }

    /// The connections of the load. With a `pace`, a round begins at each of its ticks, whoever is free.
    pub(super) async fn tasks(
        &self,
        ledger: &Arc<Ledger>,
        stage: &Arc<Stage>,
        pace: Option<&Arc<Metronome>>,
        server: &Server,
    ) -> anyhow::Result<Tasks> {
        let mut tasks = Tasks::new();
        let wid = ledger.run().wid();
        let clients = server.connect_workers(self.connections, &wid).await?;
        let batches = self.open_batches(server).await?;
        for (producer, client) in (0..).zip(clients) {
            let worker = Worker {
                client,
                producer,
                jobs: self.templates(ledger.run(), producer, &batches)?,
                fail: self.fail,
                pace: pace.cloned(),
                ledger: Arc::clone(ledger),
                stage: Arc::clone(stage),
            };
            tasks.spawn(worker.run());
        }
        Ok(tasks)
    }

    async fn open_batches(&self, server: &Server) -> anyhow::Result<Vec<String>> {
        let mut bids = Vec::new();
        if self.batches > 0 {
            let mut client = server.connect(None).await?;
            for _ in 0..self.batches {
                bids.push(client.open_batch().await?);
            }
        }
        Ok(bids)
    }

    /// A queue and a job for it, for each queue and each of the producer's share of the batches, beginning with another
    /// queue for each producer.
    fn templates(
        &self,
        run: &Run,
        producer: u16,
        batches: &[String],
    ) -> anyhow::Result<Vec<(String, JobTemplate)>> {
        let mut queues = run.queues(self.load.job.queues);
        queues.rotate_left(usize::from(producer % self.load.job.queues));
        let first = usize::from(producer) % batches.len().max(1);
        let share = batches
            .iter()
            .skip(first)
            .step_by(usize::from(self.connections));
        let bids: Vec<Option<&String>> = match batches {
            [] => vec![None],
            _ => share.map(Some).collect(),
        };
        let count = bids.len().max(queues.len());
        let pairs = queues.iter().cycle().zip(bids.iter().cycle()).take(count);
        let templates = pairs.map(|(queue, bid)| {
            let template = match bid {
                Some(bid) => run.member_template(queue, self.load.job.payload, bid)?,
                None => run.template(queue, self.load.job.payload)?,
            };
            Ok((queue.clone(), template))
        });
        templates.collect()
    }
}

/// One connection of the load.
struct Worker {
    client: Client,
    producer: u16,
    jobs: Vec<(String, JobTemplate)>,
    fail: u32,
    pace: Option<Arc<Metronome>>,
    ledger: Arc<Ledger>,
    stage: Arc<Stage>,
}

impl Worker {
    /// Goes round until it is told to stop. It fetches from the queue it has pushed to, so there is always a job for
    /// it, its own or that of another connection.
    async fn run(mut self) -> anyhow::Result<()> {
        let mut round = 0;
        // A load that is paced runs beside the jobs that are counted.
        let jobs = u64::from(self.pace.is_none());
        while self.stage.next_job() {
            let Some(begin) = self.begin().await? else {
                return Ok(());
            };
            self.push(round).await?;
            let pushed = Instant::now();
            let job = self.fetch(round).await?;
            let fetched = Instant::now();
            if let Some(job) = job {
                self.acknowledge(job).await?;
                let end = Instant::now();
                self.stage.record(
                    jobs,
                    &[
                        (Step::Push, pushed - begin),
                        (Step::Fetch, fetched - pushed),
                        (Step::Acknowledge, end - fetched),
                        (Step::Cycle, end - begin),
                    ],
                )?;
            }
            round += 1;
        }
        Ok(())
    }

    /// When the next round begins or was to begin. None if there is to be none.
    async fn begin(&self) -> anyhow::Result<Option<Instant>> {
        let Some(pace) = &self.pace else {
            return Ok(Some(Instant::now()));
        };
        let tick = tokio::select! {
            tick = pace.tick() => tick?,
            () = self.stage.over() => return Ok(None),
        };
        if tick.in_time {
            let late = tick.due.elapsed();
            self.stage.record(0, &[(Step::Timer, late)])?;
        }
        Ok(Some(tick.due))
    }

    async fn push(&mut self, round: usize) -> anyhow::Result<()> {
        let job = self.ledger.issue(self.producer);
        let jid = self.ledger.run().jid(job);
        let index = round % self.jobs.len().max(1);
        if let Some((_, template)) = self.jobs.get_mut(index) {
            self.client.push(template.with_jid(&jid)).await?;
            self.ledger.pushed(job);
        }
        Ok(())
    }

    /// None if there was no job, or that of somebody else.
    async fn fetch(&mut self, round: usize) -> anyhow::Result<Option<JobNumber>> {
        let index = round % self.jobs.len().max(1);
        let Some((queue, _)) = self.jobs.get(index) else {
            return Ok(None);
        };
        let json = self.client.fetch(queue).await?;
        Ok(json.and_then(|json| self.ledger.fetched(json)))
    }

    async fn acknowledge(&mut self, job: JobNumber) -> anyhow::Result<()> {
        let jid = self.ledger.run().jid(job);
        if fails(job, self.fail) {
            self.client.fail(&jid).await?;
        } else {
            self.client.acknowledge(&jid).await?;
        }
        self.ledger.acknowledged(job);
        Ok(())
    }
}

/// Whether a job is one of the `percent` that fail: they are spread evenly.
fn fails(job: JobNumber, percent: u32) -> bool {
    let share = |number: u64| number * u64::from(percent) / 100;
    let number = u64::from(job.number);
    share(number + 1) > share(number)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn failures_are_as_many_as_asked_for_and_spread() {
        let failed = |percent| -> Vec<u32> {
            let numbers = (0..100).filter(|number| {
                let job = JobNumber {
                    producer: 0,
                    number: *number,
                };
                fails(job, percent)
            });
            numbers.collect()
        };
        assert_eq!(failed(0), Vec::<u32>::new());
        assert_eq!(failed(2), [49, 99]);
        assert_eq!(failed(30).len(), 30);
        assert_eq!(failed(100).len(), 100);
    }
}
