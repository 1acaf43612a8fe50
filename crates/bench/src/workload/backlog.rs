//! Many jobs that wait: what memory they take, what they cost the jobs that come and go, and what they cost a restart.

mod course;

use anyhow::bail;
use clap::{Args, ValueEnum};
use serde::Serialize;

use super::cycle::Cycle;
use super::{LoadOptions, Workload, filling};
use crate::report::Measurement;
use crate::server::{Ending, Server};
use crate::session::Session;
use course::Course;

/// Options of `backlog`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Backlog {
    /// Jobs that wait in the queues
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..))]
    queued: u32,

    /// Jobs that wait for their time, a day ahead and later
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    scheduled: u32,

    /// Of those in the queues: jobs that a worker has and keeps
    #[arg(long, value_name = "NUMBER", default_value_t = 0)]
    reserved: u32,

    /// How the server ends before it is started again, if the tool has started it
    #[arg(long, value_name = "HOW", value_enum, default_value_t = Restart::Kill)]
    restart: Restart,

    /// Number of connections that PUSH, FETCH and ACK, on the empty server and on the full one
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 50)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=10_000))]
    connections: u16,

    #[command(flatten)]
    #[serde(flatten)]
    load: LoadOptions,
}

/// How the server ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum, Serialize)]
#[serde(rename_all = "snake_case")]
enum Restart {
    /// By signal 9, as in a crash
    Kill,
    /// By signal 15, as an operator stops it
    Stop,
    /// Not at all
    Never,
}

impl Restart {
    fn ending(self) -> Option<Ending> {
        match self {
            Self::Kill => Some(Ending::Kill),
            Self::Stop => Some(Ending::Stop),
            Self::Never => None,
        }
    }
}

impl Workload for Backlog {
    const NAME: &'static str = "backlog";

    fn describe(&self) -> String {
        format!(
            "{} jobs queued, {} scheduled, {} reserved; cycle of {} connections, {}",
            self.queued,
            self.scheduled,
            self.reserved,
            self.connections,
            self.load.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        filling::check(filling::BATCH, self.load.job.queues)?;
        if self.reserved >= self.queued {
            bail!(
                "--reserved {} leaves nothing of --queued {}: the first job after the restart comes from there",
                self.reserved,
                self.queued
            );
        }
        Course::begin(self, server, session).await?.run().await
    }
}

impl Backlog {
    fn cycle(&self) -> Cycle {
        Cycle::new(self.connections, self.load.clone())
    }
}
