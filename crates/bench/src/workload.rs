//! What can be measured: a file for each workload.

pub(crate) mod backlog;
pub(crate) mod bulk;
pub(crate) mod cycle;
pub(crate) mod due;
mod filling;
mod metronome;
pub(crate) mod open;
pub(crate) mod parked;

use clap::Args;
use serde::Serialize;

use crate::job::{JobTemplate, PAYLOAD_BYTES_MIN, Run};
use crate::report::Measurement;
use crate::server::Server;
use crate::session::Session;
use crate::stage::Timing;

/// One way to put load on a server.
///
/// Serialized, it is the options it runs with.
pub(crate) trait Workload: Serialize {
    /// What it is called.
    const NAME: &'static str;

    /// Its options for people, such as "50 connections, 1 queue".
    fn describe(&self) -> String;

    /// Puts the load on a server and measures it, once.
    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement>;
}

/// The jobs of a load, and how long or how many.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct LoadOptions {
    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) job: JobOptions,

    #[command(flatten)]
    #[serde(flatten)]
    pub(crate) timing: Timing,
}

impl LoadOptions {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        format!("{}, {}", self.job.describe(), self.timing.describe())
    }
}

/// What jobs look like and where they go.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct JobOptions {
    /// Size of a job's JSON
    #[arg(long, value_name = "BYTES", default_value_t = 300)]
    #[arg(value_parser = clap::value_parser!(u32).range(i64::from(PAYLOAD_BYTES_MIN)..=16_777_216))]
    #[serde(rename = "payload_bytes")]
    pub(crate) payload: u32,

    /// Number of queues, used in turn
    #[arg(long, value_name = "NUMBER", default_value_t = 1)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=9_999))]
    pub(crate) queues: u16,
}

impl JobOptions {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        let queues = if self.queues == 1 { "queue" } else { "queues" };
        format!("{} {queues}, jobs of {} bytes", self.queues, self.payload)
    }

    /// A job for each queue of a run.
    pub(crate) fn templates(&self, run: &Run) -> anyhow::Result<Vec<JobTemplate>> {
        let queues = run.queues(self.queues);
        let templates = queues.iter().map(|queue| run.template(queue, self.payload));
        templates.collect()
    }
}
