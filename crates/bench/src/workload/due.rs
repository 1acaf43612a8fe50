//! Many jobs that are due at one moment: how soon they are in their queues, and what becomes of other commands meanwhile.

mod watcher;

use std::sync::Arc;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;
use tokio::time::Instant;

use super::cycle::Cycle;
use super::filling::{self, Filling};
use super::metronome::Metronome;
use super::{JobOptions, LoadOptions, Workload};
use crate::clock::now;
use crate::drain;
use crate::job::Run;
use crate::ledger::Ledger;
use crate::report::{Figure, Measurement};
use crate::server::Server;
use crate::session::Session;
use crate::stage::{Stage, Timing};
use crate::window::{Window, conduct};
use watcher::{Watched, Watcher};

/// The least time from the start of the pushing until the jobs are due, unless the user says it.
const LEAD_MIN: Duration = Duration::from_secs(5);

/// So many jobs add a second to that time. Few servers take scheduled jobs in more slowly.
const PUSHED_PER_SECOND_MIN: u32 = 10_000;

/// Options of `due`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Due {
    /// Jobs that are due at one moment
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    jobs: u32,

    /// How long before that moment pushing them begins [default: 5s, and a second for each 10,000 jobs]
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration)]
    #[serde(skip)]
    lead: Option<Duration>,

    /// How long to wait for the last of them to be in its queue
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10m")]
    #[serde(skip)]
    limit: Duration,

    /// Rounds of PUSH, FETCH and ACK in a second meanwhile: the load whose latency is shown
    #[arg(long, value_name = "NUMBER", default_value_t = 100)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,

    /// Connections of that load
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 20)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,

    #[command(flatten)]
    #[serde(flatten)]
    job: JobOptions,
}

impl Workload for Due {
    const NAME: &'static str = "due";

    fn describe(&self) -> String {
        format!(
            "{} jobs due at once, {}; meanwhile {} cycles/s on {} connections",
            self.jobs,
            self.job.describe(),
            self.rate,
            self.connections
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        filling::check(filling::BATCH, self.job.queues)?;
        let before = server.info().await?.faktory.scheduled();
        let producers = self.connections + filling::CONNECTIONS;
        let ledger = Arc::new(Ledger::new(Run::new()?, producers));
        let mut measurement = Measurement::default();
        let begin = Instant::now();
        let due = self
            .fill(&ledger, &mut measurement, server, session)
            .await?;
        let pushing = begin.elapsed();
        let in_time = Instant::now() < due;
        if in_time && !session.is_interrupted() {
            self.watch(due, before, &ledger, &mut measurement, server, session)
                .await?;
        }
        let closing = drain::discard(&ledger, self.job.queues, Some(before), server);
        drain::conclude(&mut measurement, ledger.run(), session, closing).await?;
        if !in_time && !measurement.interrupted {
            bail!(
                "the jobs were due {:.1} s after pushing them began, and that took {:.1} s: say --lead {:.0}s",
                (due - begin).as_secs_f64(),
                pushing.as_secs_f64(),
                pushing.as_secs_f64() * 1.5 + 1.0
            );
        }
        Ok(measurement)
    }
}

impl Due {
    fn lead(&self) -> Duration {
        let pushing = Duration::from_secs(u64::from(self.jobs / PUSHED_PER_SECOND_MIN));
        self.lead.unwrap_or(LEAD_MIN + pushing)
    }

    /// Pushes the jobs. The moment they are due.
    async fn fill(
        &self,
        ledger: &Arc<Ledger>,
        measurement: &mut Measurement,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Instant> {
        let (due, at) = (Instant::now() + self.lead(), now().plus(self.lead()));
        let run = ledger.run();
        let queues = run.queues(self.job.queues);
        let templates = queues
            .iter()
            .map(|queue| run.scheduled_template(queue, self.job.payload, at));
        let filling = Filling {
            ledger,
            first_producer: self.connections,
            connections: filling::CONNECTIONS,
            batch: filling::BATCH,
            templates: templates.collect::<anyhow::Result<_>>()?,
        };
        let window = filling.fill(self.jobs, server, session).await?;
        let figures = &mut measurement.figures;
        for (name, figure) in [
            (Figure::FilledPerSecond, Figure::JobsPerSecond),
            (Figure::ServerFilledMb, Figure::ServerResidentMb),
        ] {
            if let Some(value) = window.figures().get(&figure) {
                figures.insert(name, *value);
            }
        }
        Ok(due)
    }

    /// Measures from the moment the jobs are due until they are all in their queues.
    async fn watch(
        &self,
        due: Instant,
        before: u64,
        ledger: &Arc<Ledger>,
        measurement: &mut Measurement,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<()> {
        let timing = Timing {
            duration: self.limit,
            warmup: due - Instant::now(),
            jobs: None,
        };
        let stage = Arc::new(Stage::new(&timing));
        let pace = Arc::new(Metronome::start(Duration::from_secs(1) / self.rate)?);
        let load = LoadOptions {
            job: self.job.clone(),
            timing: timing.clone(),
        };
        let load = Cycle::new(self.connections, load);
        let mut tasks = load.tasks(ledger, &stage, Some(&pace), server).await?;
        let watched = Arc::new(Watched::new(due, before, self.jobs));
        let watcher = Watcher::new(server.connect(None).await?, &watched, &stage);
        tasks.spawn(watcher.run());
        let wid = ledger.run().wid();
        let window = conduct(&stage, &timing, tasks, server, &wid, session).await?;
        self.report(&window, &watched, measurement);
        measurement.latencies_us = stage.latencies().percentiles();
        Ok(())
    }

    fn report(&self, window: &Window, watched: &Watched, measurement: &mut Measurement) {
        measurement.figures.extend(window.figures());
        if let Some(time) = watched.first_moved() {
            let seconds = time.as_secs_f64();
            measurement
                .figures
                .insert(Figure::FirstMovedSeconds, seconds);
        }
        if watched.left() > 0 && !window.interrupted {
            let limit = humantime::format_duration(self.limit);
            let note = format!(
                "after {limit}, {} jobs were still scheduled",
                watched.left()
            );
            measurement.notes.insert(note);
        }
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        due: Due,
    }

    #[test]
    fn more_jobs_get_more_time_to_be_pushed() {
        let lead = |line: &[&str]| Line::parse_from([&["bench"], line].concat()).due.lead();
        assert_eq!(lead(&["--jobs", "1000"]), Duration::from_secs(5));
        assert_eq!(lead(&[]), Duration::from_secs(105));
        assert_eq!(lead(&["--lead", "3s"]), Duration::from_secs(3));
    }
}
