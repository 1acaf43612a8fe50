//! What the tool says in the end.

mod figure;
mod measurement;
mod table;

use std::collections::BTreeMap;

use serde::Serialize;
use serde_json::Value;

use crate::server::Identity;

pub(crate) use figure::{Figure, Figures};
pub(crate) use measurement::Measurement;

/// The result of a workload on all its targets.
#[derive(Debug, Serialize)]
pub(crate) struct Report {
    pub(crate) workload: &'static str,
    /// Of this tool.
    pub(crate) version: &'static str,
    /// Of this machine; servers on it share them with this tool.
    pub(crate) cores: usize,
    pub(crate) rounds: u32,
    pub(crate) interrupted: bool,
    /// The options of the workload.
    pub(crate) load: Value,
    /// The same for people.
    #[serde(skip)]
    pub(crate) description: String,
    pub(crate) targets: Vec<TargetReport>,
}

/// The result of one target.
#[derive(Debug, Serialize)]
pub(crate) struct TargetReport {
    pub(crate) name: String,
    pub(crate) url: String,
    pub(crate) server: Identity,
    pub(crate) durability: String,
    /// The medians of the rounds.
    pub(crate) median: Measurement,
    /// The figures divided by those of the last target, if there are several.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub(crate) ratios: Figures,
    pub(crate) rounds: Vec<Measurement>,
}

impl Report {
    /// Whether every job of every target was delivered once.
    pub(crate) fn is_exact(&self) -> bool {
        let mut deliveries = self
            .targets
            .iter()
            .filter_map(|target| target.median.delivery);
        deliveries.all(|delivery| delivery.is_exact())
    }

    /// Divides the figures of all targets by those of the last one.
    pub(crate) fn compare(&mut self) {
        let (true, Some(last)) = (self.targets.len() > 1, self.targets.last()) else {
            return;
        };
        let base = last.median.figures.clone();
        for target in &mut self.targets {
            let figures = target.median.figures.iter();
            target.ratios = figures
                .filter(|(figure, _)| figure.is_compared())
                .filter_map(|(figure, value)| Some((*figure, value / base.get(figure)?)))
                .filter(|(_, ratio)| ratio.is_finite())
                .collect();
        }
    }
}

impl TargetReport {
    /// A target and the rounds it was measured in.
    pub(crate) fn new(
        name: String,
        url: String,
        server: Identity,
        durability: String,
        rounds: Vec<Measurement>,
    ) -> Self {
        Self {
            name,
            url,
            server,
            durability,
            median: Measurement::median(&rounds),
            ratios: Figures::new(),
            rounds,
        }
    }
}

#[cfg(test)]
mod tests;
