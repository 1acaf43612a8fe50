//! How long things took.

use std::collections::BTreeMap;
use std::time::Duration;

use hdrhistogram::Histogram;
use serde::Serialize;

/// Anything longer counts as this long, in microseconds: ten minutes.
const MICROS_MAX: u64 = 600_000_000;

/// Figures that are told apart: a value is off by at most 0.1 %.
const SIGNIFICANT_FIGURES: u8 = 3;

/// What was timed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Step {
    /// PUSH until its `+OK`; in the open loop from the time the job was to be pushed.
    Push,
    /// PUSHB of a whole batch until its answer.
    PushBulk,
    /// FETCH until the job is there.
    Fetch,
    /// ACK or FAIL until its `+OK`.
    Acknowledge,
    /// All three, for one job.
    Cycle,
    /// INFO until its answer.
    Info,
    /// From the time a job was to be pushed until a worker has it.
    Start,
    /// How late the generator itself was: no server can be blamed for that.
    Timer,
}

impl Step {
    /// What tables call it.
    pub(crate) fn label(self) -> &'static str {
        match self {
            Self::Push => "PUSH",
            Self::PushBulk => "PUSHB",
            Self::Fetch => "FETCH",
            Self::Acknowledge => "ACK",
            Self::Cycle => "cycle",
            Self::Info => "INFO",
            Self::Start => "push to start",
            Self::Timer => "(generator late)",
        }
    }
}

/// A histogram for each step.
#[derive(Debug, Default)]
pub(crate) struct Latencies {
    histograms: BTreeMap<Step, Histogram<u64>>,
}

/// The percentiles of one step, in microseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub(crate) struct Percentiles {
    pub(crate) p50: f64,
    pub(crate) p90: f64,
    pub(crate) p99: f64,
    #[serde(rename = "p99.9")]
    pub(crate) p99_9: f64,
    pub(crate) max: f64,
}

impl Latencies {
    /// Adds one timing.
    pub(crate) fn record(&mut self, step: Step, time: Duration) -> anyhow::Result<()> {
        let micros = u64::try_from(time.as_micros()).unwrap_or(MICROS_MAX);
        let histogram = match self.histograms.entry(step) {
            std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
            std::collections::btree_map::Entry::Vacant(entry) => {
                entry.insert(Histogram::new_with_max(MICROS_MAX, SIGNIFICANT_FIGURES)?)
            }
        };
        histogram.saturating_record(micros);
        Ok(())
    }

    /// The percentiles of all steps that were timed.
    pub(crate) fn percentiles(&self) -> BTreeMap<Step, Percentiles> {
        self.histograms
            .iter()
            .map(|(step, histogram)| (*step, Percentiles::of(histogram)))
            .collect()
    }
}

impl Percentiles {
    // Microseconds up to ten minutes are exact as f64.
    #[expect(clippy::cast_precision_loss)]
    fn of(histogram: &Histogram<u64>) -> Self {
        let at = |quantile| histogram.value_at_quantile(quantile) as f64;
        Self {
            p50: at(0.5),
            p90: at(0.9),
            p99: at(0.99),
            p99_9: at(0.999),
            max: histogram.max() as f64,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_those_of_what_was_recorded() {
        let mut latencies = Latencies::default();
        for micros in 1..=1_000 {
            latencies
                .record(Step::Push, Duration::from_micros(micros))
                .unwrap();
        }
        latencies
            .record(Step::Cycle, Duration::from_secs(3_600))
            .unwrap();
        let percentiles = latencies.percentiles();
        let expected = Percentiles {
            p50: 500.0,
            p90: 900.0,
            p99: 990.0,
            p99_9: 999.0,
            max: 1_000.0,
        };
        assert_eq!(percentiles[&Step::Push], expected);
        assert!(percentiles[&Step::Cycle].max >= 600_000_000.0);
        assert_eq!(percentiles.len(), 2);
    }
}
