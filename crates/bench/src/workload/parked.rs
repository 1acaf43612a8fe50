//! Many workers that wait in FETCH, and few jobs for them: what waiting costs.

use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::bail;
use clap::Args;
use serde::Serialize;

use super::open::Open;
use super::{LoadOptions, Workload};
use crate::drain;
use crate::process::open_files_max;
use crate::report::{Figure, Figures, Measurement};
use crate::server::Server;
use crate::session::Session;

/// Connections that push the jobs.
const PRODUCERS: u16 = 4;

/// Files a process has open beside its connections, at most.
const OTHER_FILES_MAX: u64 = 64;

/// The workers begin within this time, in even intervals. A FETCH without a job is answered after about 2 s, so without
/// that all of them would come back in the same moment, again and again.
const SPREAD: Duration = Duration::from_secs(2);

/// Options of `parked`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Parked {
    /// Connections that wait in FETCH
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 10_000)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=60_000))]
    connections: u16,

    /// Jobs to push in a second
    #[arg(long, value_name = "NUMBER", default_value_t = 10)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=1_000_000))]
    rate: u32,

    #[command(flatten)]
    #[serde(flatten)]
    load: LoadOptions,
}

impl Workload for Parked {
    const NAME: &'static str = "parked";

    fn describe(&self) -> String {
        format!(
            "{} connections wait, {} jobs/s, {}",
            self.connections,
            self.rate,
            self.load.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        let allowed = open_files_max();
        if u64::from(self.connections) + OTHER_FILES_MAX > allowed {
            bail!(
                "{} connections are more than the {allowed} open files the system allows this process: raise the limit \
                 (ulimit -Hn), or lower --connections",
                self.connections
            );
        }
        let before = server.usage().memory();
        let mut load = self.load.clone();
        load.timing.warmup += SPREAD;
        let open = Open::new(self.rate, PRODUCERS, self.connections, load);
        let (exchange, window) = open.load(SPREAD, server, session).await?;
        let empty = exchange.empty.load(Ordering::Relaxed);
        let mut measurement = window.measurement(&exchange.stage);
        measurement.figures = self.figures(measurement.figures, &before, empty);
        let closing = drain::finish(&exchange.ledger, self.load.job.queues, server);
        drain::conclude(&mut measurement, exchange.ledger.run(), session, closing).await?;
        Ok(measurement)
    }
}

impl Parked {
    #[expect(clippy::cast_precision_loss)]
    fn figures(&self, mut figures: Figures, before: &Figures, empty: u64) -> Figures {
        // What the server does is to wait, so it cannot be put down to the jobs.
        for figure in [
            Figure::ServerCpuUsPerJob,
            Figure::CompanionCpuUsPerJob,
            Figure::GeneratorCpuUsPerJob,
        ] {
            figures.remove(&figure);
        }
        let resident = |figures: &Figures| figures.get(&Figure::ServerResidentMb).copied();
        if let (Some(before), Some(now)) = (resident(before), resident(&figures)) {
            figures.insert(Figure::ServerBeforeMb, before);
            let kilobytes = (now - before) * 1_000.0 / f64::from(self.connections);
            figures.insert(Figure::ServerConnectionKb, kilobytes);
        }
        if let Some(seconds) = figures.get(&Figure::Seconds).filter(|time| **time > 0.0) {
            figures.insert(Figure::EmptyFetchesPerSecond, empty as f64 / seconds);
        }
        figures
    }
}
