//! One measuring of a backlog, step by step.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;

use super::Backlog;
use crate::client::Client;
use crate::clock::now;
use crate::drain;
use crate::job::{JobNumber, JobTemplate, Run};
use crate::latency::{Percentiles, Step};
use crate::ledger::Ledger;
use crate::report::{Figure, Figures, Measurement};
use crate::server::Server;
use crate::session::Session;
use crate::stage::Stage;
use crate::workload::filling::{BATCH, CONNECTIONS, Filling};

/// How far ahead the first scheduled job is; the others follow it second by second.
const AHEAD: Duration = Duration::from_secs(86_400);

/// What is known so far, and what is left to do.
pub(super) struct Course<'a> {
    options: &'a Backlog,
    server: &'a mut Server,
    session: &'a mut Session,
    ledger: Arc<Ledger>,
    /// Jobs in the scheduled set that are not of this run.
    scheduled_before: u64,
    /// Jobs that are kept reserved, to be acknowledged in the end.
    reserved: Vec<JobNumber>,
    measurement: Measurement,
}

impl<'a> Course<'a> {
    pub(super) async fn begin(
        options: &'a Backlog,
        server: &'a mut Server,
        session: &'a mut Session,
    ) -> anyhow::Result<Self> {
        let producers = options.connections + CONNECTIONS;
        Ok(Self {
            options,
            scheduled_before: server.info().await?.faktory.scheduled(),
            server,
            session,
            ledger: Arc::new(Ledger::new(Run::new()?, producers)),
            reserved: Vec::new(),
            measurement: Measurement::default(),
        })
    }

    /// All steps; those that are left out when the user has enough leave no figures.
    pub(super) async fn run(mut self) -> anyhow::Result<Measurement> {
        self.note_memory(Figure::ServerBeforeMb);
        let (empty, _) = self.cycle().await?;
        if let Some(speed) = empty.get(&Figure::JobsPerSecond) {
            let figures = &mut self.measurement.figures;
            figures.insert(Figure::EmptyJobsPerSecond, *speed);
        }
        self.fill().await?;
        let keeper = self.reserve().await?;
        if !self.session.is_interrupted() {
            self.measure_full().await?;
        }
        drop(keeper);
        if !self.session.is_interrupted() {
            self.restart().await?;
        }
        self.finish().await
    }

    async fn cycle(&mut self) -> anyhow::Result<(Figures, BTreeMap<Step, Percentiles>)> {
        let stage = Arc::new(Stage::new(&self.options.load.timing));
        let cycle = self.options.cycle();
        let window = cycle
            .load(&self.ledger, &stage, self.server, self.session)
            .await?;
        let latencies = stage.latencies().percentiles();
        Ok((window.figures(), latencies))
    }

    async fn measure_full(&mut self) -> anyhow::Result<()> {
        let (figures, latencies) = self.cycle().await?;
        self.measurement.latencies_us = latencies;
        let speed = |figures: &Figures, figure| figures.get(&figure).copied().unwrap_or_default();
        let empty = speed(&self.measurement.figures, Figure::EmptyJobsPerSecond);
        if empty > 0.0 {
            let percent = speed(&figures, Figure::JobsPerSecond) * 100.0 / empty;
            self.measurement
                .figures
                .insert(Figure::PercentOfEmpty, percent);
        }
        self.measurement.figures.extend(figures);
        Ok(())
    }

    async fn fill(&mut self) -> anyhow::Result<()> {
        if self.session.is_interrupted() {
            return Ok(());
        }
        let run = self.ledger.run();
        let parts = [
            (self.options.queued, self.options.load.job.templates(run)?),
            (self.options.scheduled, self.scheduled_templates()?),
        ];
        for (jobs, templates) in parts {
            if jobs == 0 || self.session.is_interrupted() {
                continue;
            }
            let filling = Filling {
                ledger: &self.ledger,
                first_producer: self.options.connections,
                connections: CONNECTIONS,
                batch: BATCH,
                templates,
            };
            let window = filling.fill(jobs, self.server, self.session).await?;
            // The scheduled jobs come second: how fast they were is not told apart.
            let figures = &mut self.measurement.figures;
            if let Some(speed) = window.figures().get(&Figure::JobsPerSecond) {
                figures.entry(Figure::FilledPerSecond).or_insert(*speed);
            }
        }
        self.note_memory(Figure::ServerFilledMb);
        Ok(())
    }

    /// Jobs of a batch, each a second after the one before it.
    fn scheduled_templates(&self) -> anyhow::Result<Vec<JobTemplate>> {
        let run = self.ledger.run();
        let first = now().plus(AHEAD);
        let queues = run.queues(self.options.load.job.queues);
        let seconds = (0..i64::from(BATCH)).zip(queues.iter().cycle());
        let templates = seconds.map(|(second, queue)| {
            run.scheduled_template(
                queue,
                self.options.load.job.payload,
                first.plus_secs(second),
            )
        });
        templates.collect()
    }

    /// Fetches jobs and keeps them. The worker that has them must stay connected as long as it is to have them.
    async fn reserve(&mut self) -> anyhow::Result<Client> {
        let mut keeper = self.server.connect(Some(&self.ledger.run().wid())).await?;
        let queues = self.queues();
        while self.reserved.len() < self.options.reserved as usize && !self.session.is_interrupted()
        {
            let json = keeper.fetch(&queues).await?;
            let json = json.context("the server has taken jobs in and does not hand them out")?;
            self.reserved.extend(self.ledger.fetched(json));
            let (done, whole) = (self.reserved.len(), self.options.reserved);
            self.session.show(|| format!("reserved {done} of {whole}"));
        }
        Ok(keeper)
    }

    /// Ends the server, starts it again and waits for its first job.
    async fn restart(&mut self) -> anyhow::Result<()> {
        let Some(ending) = self.options.restart.ending() else {
            return Ok(());
        };
        let patience = self.session.patience();
        let restart = self.server.restart(ending);
        let Some(begin) = patience.until_interrupt(restart).await.transpose()? else {
            return Ok(());
        };
        let Some(begin) = begin else {
            let note = "no restart: the tool restarts only what it has started (--start)";
            self.measurement.notes.insert(note.to_owned());
            return Ok(());
        };
        let figures = &mut self.measurement.figures;
        figures.insert(Figure::RestartSeconds, begin.elapsed().as_secs_f64());
        let mut worker = self.server.connect(Some(&self.ledger.run().wid())).await?;
        let queues = self.queues();
        let Some(json) = worker.fetch(&queues).await? else {
            let note = "after its restart the server had no job to hand out";
            self.measurement.notes.insert(note.to_owned());
            return Ok(());
        };
        let figures = &mut self.measurement.figures;
        figures.insert(Figure::FirstFetchSeconds, begin.elapsed().as_secs_f64());
        // As all jobs that are reserved, it is acknowledged in the end.
        self.reserved.extend(self.ledger.fetched(json));
        self.note_memory(Figure::RestartedMb);
        Ok(())
    }

    /// Acknowledges what was reserved, before the restart or after it, and removes what still waits.
    async fn finish(self) -> anyhow::Result<Measurement> {
        let (ledger, server, mut measurement) = (self.ledger, self.server, self.measurement);
        let run = ledger.run();
        let closing = async {
            let mut worker = server.connect(Some(&run.wid())).await?;
            for job in self.reserved {
                worker.acknowledge(&run.jid(job)).await?;
                ledger.acknowledged(job);
            }
            let queues = self.options.load.job.queues;
            drain::discard(&ledger, queues, Some(self.scheduled_before), server).await
        };
        drain::conclude(&mut measurement, run, self.session, closing).await?;
        Ok(measurement)
    }

    /// All queues, as FETCH takes them.
    fn queues(&self) -> String {
        self.ledger
            .run()
            .queues(self.options.load.job.queues)
            .join(" ")
    }

    fn note_memory(&mut self, name: Figure) {
        let memory: Figures = self.server.usage().memory();
        if let Some(value) = memory.get(&Figure::ServerResidentMb) {
            self.measurement.figures.insert(name, *value);
        }
    }
}
