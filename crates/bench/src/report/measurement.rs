//! What one round of one target gave, and the middle of several.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::figure::{Figure, Figures};
use crate::latency::{Percentiles, Step};
use crate::ledger::Delivery;

/// What was measured of one target.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Measurement {
    /// The user ended it early: it is shorter than was asked for.
    pub(crate) interrupted: bool,
    pub(crate) figures: Figures,
    pub(crate) latencies_us: BTreeMap<Step, Percentiles>,
    /// None if the workload checks no delivery.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) delivery: Option<Delivery>,
    /// What people should know of it, such as what was left out and why.
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    pub(crate) notes: BTreeSet<String>,
}

impl Measurement {
    /// Whether it is worth showing: it is not if it was ended before anything was counted.
    pub(crate) fn says_something(&self) -> bool {
        let counted = [
            Figure::Jobs,
            Figure::EmptyJobsPerSecond,
            Figure::FilledPerSecond,
        ];
        let mut counted = counted.iter().filter_map(|figure| self.figures.get(figure));
        let is_exact = self.delivery.is_none_or(|delivery| delivery.is_exact());
        !self.interrupted
            || counted.any(|value| *value > 0.0)
            || !is_exact
            || !self.notes.is_empty()
    }

    /// The median of each number by itself, and the deliveries of all rounds together.
    pub(crate) fn median(rounds: &[Self]) -> Self {
        let figures = keys(rounds.iter().map(|round| &round.figures));
        let steps = keys(rounds.iter().map(|round| &round.latencies_us));
        let deliveries = rounds.iter().filter_map(|round| round.delivery);
        Self {
            interrupted: rounds.iter().any(|round| round.interrupted),
            figures: figures
                .map(|figure| (figure, median(values(rounds, figure))))
                .collect(),
            latencies_us: steps
                .map(|step| (step, percentiles(rounds, step)))
                .collect(),
            delivery: deliveries.reduce(Delivery::plus),
            notes: rounds
                .iter()
                .flat_map(|round| round.notes.clone())
                .collect(),
        }
    }
}

/// One figure of each round that has it.
pub(super) fn values(rounds: &[Measurement], figure: Figure) -> Vec<f64> {
    rounds
        .iter()
        .filter_map(|round| round.figures.get(&figure).copied())
        .collect()
}

fn percentiles(rounds: &[Measurement], step: Step) -> Percentiles {
    let rounds = || {
        rounds
            .iter()
            .filter_map(|round| round.latencies_us.get(&step))
    };
    let median_of = |pick: fn(&Percentiles) -> f64| median(rounds().map(pick).collect());
    Percentiles {
        p50: median_of(|round| round.p50),
        p90: median_of(|round| round.p90),
        p99: median_of(|round| round.p99),
        p99_9: median_of(|round| round.p99_9),
        max: median_of(|round| round.max),
    }
}

/// The keys of all maps, each once and in order.
fn keys<'a, K: Copy + Ord + 'a, V: 'a>(
    maps: impl Iterator<Item = &'a BTreeMap<K, V>>,
) -> impl Iterator<Item = K> {
    let keys: BTreeSet<K> = maps.flat_map(|map| map.keys().copied()).collect();
    keys.into_iter()
}

/// The middle value; of an even number of them the mean of the two in the middle. 0 if there are none.
fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    let upper = values.get(values.len() / 2).copied();
    let lower = values.get(values.len().saturating_sub(1) / 2).copied();
    f64::midpoint(lower.unwrap_or_default(), upper.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn round(speed: f64, p50: f64, lost: u64) -> Measurement {
        let percentiles = Percentiles {
            p50,
            ..Percentiles::default()
        };
        Measurement {
            figures: Figures::from([(Figure::JobsPerSecond, speed)]),
            latencies_us: BTreeMap::from([(Step::Push, percentiles)]),
            delivery: Some(Delivery {
                lost,
                ..Delivery::default()
            }),
            ..Measurement::default()
        }
    }

    #[test]
    fn each_number_has_a_median_of_its_own() {
        let rounds = [
            round(30.0, 1.0, 0),
            round(10.0, 3.0, 1),
            round(20.0, 9.0, 2),
        ];
        let median = Measurement::median(&rounds);
        assert_eq!(median.figures[&Figure::JobsPerSecond], 20.0);
        assert_eq!(median.latencies_us[&Step::Push].p50, 3.0);
        assert_eq!(median.delivery.unwrap().lost, 3);
    }

    #[test]
    fn a_round_that_was_ended_before_it_counted_says_nothing() {
        let interrupted = |figure, value| Measurement {
            interrupted: true,
            figures: Figures::from([(figure, value)]),
            ..Measurement::default()
        };
        assert!(!interrupted(Figure::Jobs, 0.0).says_something());
        assert!(interrupted(Figure::Jobs, 1.0).says_something());
        assert!(interrupted(Figure::FilledPerSecond, 1.0).says_something());
        let lost = Measurement {
            delivery: round(0.0, 0.0, 0).delivery.map(|delivery| Delivery {
                pushed: 1,
                ..delivery
            }),
            ..interrupted(Figure::Jobs, 0.0)
        };
        assert!(lost.says_something());
        assert!(Measurement::default().says_something());
    }

    #[test]
    fn medians_of_few_values() {
        assert_eq!(median(vec![4.0, 1.0, 2.0, 9.0]), 3.0);
        assert_eq!(median(vec![4.0]), 4.0);
        assert_eq!(median(vec![]), 0.0);
    }

    #[test]
    fn one_interrupted_round_marks_them_all() {
        let interrupted = Measurement {
            interrupted: true,
            ..round(1.0, 1.0, 0)
        };
        assert!(Measurement::median(&[round(1.0, 1.0, 0), interrupted]).interrupted);
    }
}
