//! The sums of one series, made so that adding is cheap.

use workmill_store::{BUCKETS, Histogram, HistoryCounts, HistoryLine, bucket_of};

use super::counted::Counted;

/// What was counted of a series.
#[derive(Clone, Debug)]
pub(super) struct Sums {
    counts: HistoryCounts,
    waits: Times,
    runs: Times,
}

/// Durations by their bucket.
#[derive(Clone, Debug)]
struct Times {
    buckets: [u32; BUCKETS],
    sum_micros: u64,
}

impl Default for Sums {
    fn default() -> Self {
        let none = Times {
            buckets: [0; BUCKETS],
            sum_micros: 0,
        };
        Self {
            counts: HistoryCounts::default(),
            waits: none.clone(),
            runs: none,
        }
    }
}

impl Sums {
    pub(super) fn add(&mut self, counted: Counted) {
        match counted {
            Counted::Enqueued => self.counts.enqueued += 1,
            Counted::Started(micros) => {
                self.counts.started += 1;
                self.waits.add(micros);
            }
            Counted::Succeeded(micros) => {
                self.counts.succeeded += 1;
                self.runs.add(micros);
            }
            Counted::Failed(micros) => {
                self.counts.failed += 1;
                self.runs.add(micros);
            }
            Counted::Died => self.counts.dead += 1,
            Counted::Expired => self.counts.expired += 1,
        }
    }

    /// The same as it is kept.
    pub(super) fn line(&self) -> HistoryLine {
        HistoryLine {
            counts: self.counts,
            waits: self.waits.histogram(),
            runs: self.runs.histogram(),
        }
    }
}

impl Times {
    fn add(&mut self, micros: u64) {
        if let Some(count) = self.buckets.get_mut(usize::from(bucket_of(micros))) {
            *count = count.saturating_add(1);
        }
        self.sum_micros = self.sum_micros.saturating_add(micros);
    }

    fn histogram(&self) -> Histogram {
        let counts = (0..).zip(self.buckets.iter().map(|count| u64::from(*count)));
        Histogram::new(counts, self.sum_micros)
    }
}
