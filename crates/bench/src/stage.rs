//! When a load begins to count, and when it ends.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use serde::Serialize;
use tokio_util::sync::CancellationToken;

use crate::latency::{Latencies, Step};

/// How long to measure.
#[derive(Clone, Debug, Args, Serialize)]
#[serde(into = "TimingRecord")]
pub(crate) struct Timing {
    /// How long to measure, such as 10s or 2m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10s")]
    pub(crate) duration: Duration,

    /// How long to run before measuring begins
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "1s")]
    pub(crate) warmup: Duration,

    /// Measure this many jobs, from the first on, instead of for a time
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(conflicts_with_all = ["duration", "warmup"])]
    pub(crate) jobs: Option<u64>,
}

/// What machines read of it: either a time or a number of jobs.
#[derive(Serialize)]
struct TimingRecord {
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    warmup_seconds: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    jobs: Option<u64>,
}

impl From<Timing> for TimingRecord {
    fn from(timing: Timing) -> Self {
        let seconds = |time: Duration| timing.jobs.is_none().then_some(time.as_secs_f64());
        Self {
            duration_seconds: seconds(timing.duration),
            warmup_seconds: seconds(timing.warmup),
            jobs: timing.jobs,
        }
    }
}

impl Timing {
    /// For people.
    pub(crate) fn describe(&self) -> String {
        match self.jobs {
            Some(jobs) => format!("{jobs} jobs"),
            None => format!(
                "{} after {} of warm-up",
                humantime::format_duration(self.duration),
                humantime::format_duration(self.warmup)
            ),
        }
    }
}

/// What the connections of a load have in common: whether to go on, and what they did.
#[derive(Debug)]
pub(crate) struct Stage {
    /// What is done counts; false before and after.
    is_measuring: AtomicBool,
    /// No further job is to be begun. Cheaper to ask than `over`.
    is_over: AtomicBool,
    over: CancellationToken,
    jobs_max: u64,
    begun: AtomicU64,
    done: AtomicU64,
    latencies: Mutex<Latencies>,
}

impl Stage {
    /// A stage that begins with its warm-up, or with measuring if a number of jobs is to be measured.
    pub(crate) fn new(timing: &Timing) -> Self {
        Self {
            is_measuring: AtomicBool::new(timing.jobs.is_some()),
            is_over: AtomicBool::new(false),
            over: CancellationToken::new(),
            jobs_max: timing.jobs.unwrap_or(u64::MAX),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            latencies: Mutex::default(),
        }
    }

    /// Whether to begin another job.
    pub(crate) fn next_job(&self) -> bool {
        self.next_jobs(1) == 1
    }

    /// How many jobs to begin together, `max` at most. 0 if it is over.
    pub(crate) fn next_jobs(&self, max: u32) -> u32 {
        if self.is_over.load(Ordering::Relaxed) {
            return 0;
        }
        let begun = self.begun.fetch_add(u64::from(max), Ordering::Relaxed);
        let left = self.jobs_max.saturating_sub(begun);
        u32::try_from(left).unwrap_or(u32::MAX).min(max)
    }

    /// Counts jobs that are done, and what their steps took, if this is the time that counts.
    pub(crate) fn record(&self, jobs: u64, steps: &[(Step, Duration)]) -> anyhow::Result<()> {
        if !self.counts() {
            return Ok(());
        }
        self.done.fetch_add(jobs, Ordering::Relaxed);
        let mut latencies = self.latencies();
        for (step, time) in steps {
            latencies.record(*step, *time)?;
        }
        Ok(())
    }

    /// Whether this is the time that counts.
    pub(crate) fn counts(&self) -> bool {
        self.is_measuring.load(Ordering::Relaxed)
    }

    /// From now on it counts.
    pub(crate) fn measure(&self) {
        self.is_measuring.store(true, Ordering::Relaxed);
    }

    /// No further job begins, and nothing counts any more.
    pub(crate) fn end(&self) {
        self.is_measuring.store(false, Ordering::Relaxed);
        self.is_over.store(true, Ordering::Relaxed);
        self.over.cancel();
    }

    /// Done when no further job is to begin.
    pub(crate) async fn over(&self) {
        self.over.cancelled().await;
    }

    /// How many jobs have counted so far.
    pub(crate) fn jobs_done(&self) -> u64 {
        self.done.load(Ordering::Relaxed)
    }

    /// What the steps took, so far.
    pub(crate) fn latencies(&self) -> MutexGuard<'_, Latencies> {
        self.latencies
            .lock()
            .unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn timing(jobs: Option<u64>) -> Timing {
        Timing {
            duration: Duration::from_secs(2),
            warmup: Duration::from_millis(500),
            jobs,
        }
    }

    #[test]
    fn machines_read_a_time_or_a_number_of_jobs() {
        let json = |jobs| serde_json::to_string(&timing(jobs)).unwrap();
        assert_eq!(
            json(None),
            r#"{"duration_seconds":2.0,"warmup_seconds":0.5}"#
        );
        assert_eq!(json(Some(7)), r#"{"jobs":7}"#);
    }

    #[test]
    fn only_what_is_done_while_it_measures_counts() {
        let stage = Stage::new(&timing(None));
        let record = || stage.record(1, &[(Step::Push, Duration::ZERO)]).unwrap();
        record();
        stage.measure();
        record();
        record();
        assert!(stage.next_job());
        stage.end();
        record();
        assert_eq!(stage.jobs_done(), 2);
        assert!(!stage.next_job());
    }

    #[test]
    fn a_number_of_jobs_counts_from_the_first_on() {
        let stage = Stage::new(&timing(Some(2)));
        assert_eq!([stage.next_job(), stage.next_job()], [true, true]);
        assert!(!stage.next_job());
        stage.record(2, &[]).unwrap();
        assert_eq!(stage.jobs_done(), 2);
    }

    #[test]
    fn the_last_batch_is_what_is_left() {
        let stage = Stage::new(&timing(Some(25)));
        assert_eq!(
            [10, 10, 10, 10].map(|max| stage.next_jobs(max)),
            [10, 10, 5, 0]
        );
    }
}
