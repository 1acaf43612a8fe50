//! Rounds: every target in turn, again and again, so that a noisy machine hurts all alike.

use std::thread::available_parallelism;

use anyhow::Context as _;

use crate::report::{Measurement, Report, TargetReport};
use crate::server::{Identity, Server};
use crate::session::Session;
use crate::target::{Target, TargetOptions};
use crate::workload::Workload;

/// What is stated of a server's durability when the user does not say it; servers do not tell.
const NOT_STATED: &str = "not stated";

/// The rounds of one target so far.
struct Rounds {
    target: Target,
    identity: Identity,
    measurements: Vec<Measurement>,
}

/// Measures a workload on all targets.
pub(crate) async fn run<W: Workload>(
    options: &TargetOptions,
    workload: &W,
    session: &mut Session,
) -> anyhow::Result<Report> {
    let rounds = options.rounds();
    let mut targets: Vec<Rounds> = options.targets()?.into_iter().map(Rounds::new).collect();
    'rounds: for round in 1..=rounds {
        for target in &mut targets {
            let name = &target.target.name;
            session.begin(format!("{} {name}, round {round} of {rounds}", W::NAME));
            let measured = target.measure(workload, session).await;
            session.end();
            measured.with_context(|| format!("cannot measure {}", target.target.name))?;
            if session.is_interrupted() {
                break 'rounds;
            }
        }
    }
    targets.retain(|target| !target.measurements.is_empty());
    let mut report = Report {
        workload: W::NAME,
        version: env!("CARGO_PKG_VERSION"),
        cores: available_parallelism().map_or(1, usize::from),
        rounds,
        interrupted: session.is_interrupted(),
        load: serde_json::to_value(workload)?,
        description: workload.describe(),
        targets: targets.into_iter().map(Rounds::report).collect(),
    };
    report.compare();
    Ok(report)
}

impl Rounds {
    fn new(target: Target) -> Self {
        Self {
            target,
            identity: Identity::default(),
            measurements: Vec::new(),
        }
    }

    async fn measure<W: Workload>(
        &mut self,
        workload: &W,
        session: &mut Session,
    ) -> anyhow::Result<()> {
        let patience = session.patience();
        let opening = patience.until_interrupt(Server::open(&self.target));
        let Some(mut server) = opening.await.transpose()? else {
            return Ok(());
        };
        let measuring = patience.in_all(workload.measure(&mut server, session));
        if let Some(measurement) = measuring.await.transpose()?
            && measurement.says_something()
        {
            self.identity = server.identity().clone();
            self.measurements.push(measurement);
        }
        server.close().await
    }

    fn report(self) -> TargetReport {
        let durability = self.target.durability;
        TargetReport::new(
            self.target.name,
            self.target.address.url(),
            self.identity,
            durability.unwrap_or_else(|| NOT_STATED.to_owned()),
            self.measurements,
        )
    }
}

#[cfg(test)]
mod tests;
