//! Jobs pushed in batches, by PUSHB, as fast as the server takes them. Nobody fetches them.

use std::sync::Arc;

use clap::Args;
use serde::Serialize;

use super::filling::{self, Filling};
use super::{LoadOptions, Workload};
use crate::drain;
use crate::job::Run;
use crate::ledger::Ledger;
use crate::report::Measurement;
use crate::server::Server;
use crate::session::Session;
use crate::stage::Stage;

/// Options of `bulk`.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Bulk {
    /// Number of connections
    #[arg(long, short = 'n', value_name = "NUMBER", default_value_t = 4)]
    #[arg(value_parser = clap::value_parser!(u16).range(1..=1_000))]
    connections: u16,

    /// Jobs of one PUSHB; they go to the queues in turn
    #[arg(long, value_name = "NUMBER", default_value_t = 1_000)]
    #[arg(value_parser = clap::value_parser!(u32).range(1..=100_000))]
    batch: u32,

    #[command(flatten)]
    #[serde(flatten)]
    load: LoadOptions,

    /// Leave the jobs in the server
    #[arg(long)]
    keep: bool,
}

impl Workload for Bulk {
    const NAME: &'static str = "bulk";

    fn describe(&self) -> String {
        format!(
            "{} connections, batches of {}, {}",
            self.connections,
            self.batch,
            self.load.describe()
        )
    }

    async fn measure(
        &self,
        server: &mut Server,
        session: &mut Session,
    ) -> anyhow::Result<Measurement> {
        filling::check(self.batch, self.load.job.queues)?;
        let ledger = Arc::new(Ledger::new(Run::new()?, self.connections));
        let filling = Filling {
            ledger: &ledger,
            first_producer: 0,
            connections: self.connections,
            batch: self.batch,
            templates: self.load.job.templates(ledger.run())?,
        };
        let stage = Arc::new(Stage::new(&self.load.timing));
        let window = filling
            .run(&stage, &self.load.timing, server, session)
            .await?;
        let mut measurement = window.measurement(&stage);
        if !self.keep {
            let closing = drain::discard(&ledger, self.load.job.queues, None, server);
            drain::conclude(&mut measurement, ledger.run(), session, closing).await?;
        }
        Ok(measurement)
    }
}
