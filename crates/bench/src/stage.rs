//! When a load begins to count, and when it ends.

use std::sync::atomic::{AtomicU8, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use clap::Args;
use serde::{Serialize, Serializer};

use crate::latency::{Latencies, Step};

/// How long to measure.
#[derive(Clone, Debug, Args, Serialize)]
pub(crate) struct Timing {
    /// How long to measure, such as 10s or 2m
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "10s")]
    #[serde(rename = "duration_seconds", serialize_with = "seconds")]
    pub(crate) duration: Duration,

    /// How long to run before measuring begins
    #[arg(long, value_name = "TIME", value_parser = humantime::parse_duration, default_value = "1s")]
    #[serde(rename = "warmup_seconds", serialize_with = "seconds")]
    pub(crate) warmup: Duration,

    /// Measure this many jobs, from the first on, instead of for a time
    #[arg(long, value_name = "NUMBER", value_parser = clap::value_parser!(u64).range(1..))]
    #[arg(conflicts_with_all = ["duration", "warmup"])]
    pub(crate) jobs: Option<u64>,
}

fn seconds<S: Serializer>(time: &Duration, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(time.as_secs_f64())
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

const WARMING_UP: u8 = 0;
const MEASURING: u8 = 1;
const OVER: u8 = 2;

/// What the connections of a load have in common: whether to go on, and what they did.
#[derive(Debug)]
pub(crate) struct Stage {
    phase: AtomicU8,
    jobs_max: u64,
    begun: AtomicU64,
    done: AtomicU64,
    latencies: Mutex<Latencies>,
}

impl Stage {
    /// A stage that begins with its warm-up, or with measuring if a number of jobs is to be measured.
    pub(crate) fn new(timing: &Timing) -> Self {
        let phase = if timing.jobs.is_some() {
            MEASURING
        } else {
            WARMING_UP
        };
        Self {
            phase: AtomicU8::new(phase),
            jobs_max: timing.jobs.unwrap_or(u64::MAX),
            begun: AtomicU64::new(0),
            done: AtomicU64::new(0),
            latencies: Mutex::default(),
        }
    }

    /// Whether to begin another job.
    pub(crate) fn next_job(&self) -> bool {
        self.phase.load(Ordering::Relaxed) != OVER
            && self.begun.fetch_add(1, Ordering::Relaxed) < self.jobs_max
    }

    /// Counts jobs that are done, and what their steps took, if this is the time that counts.
    pub(crate) fn record(&self, jobs: u64, steps: &[(Step, Duration)]) -> anyhow::Result<()> {
        if self.phase.load(Ordering::Relaxed) != MEASURING {
            return Ok(());
        }
        self.done.fetch_add(jobs, Ordering::Relaxed);
        let mut latencies = self.latencies();
        for (step, time) in steps {
            latencies.record(*step, *time)?;
        }
        Ok(())
    }

    /// From now on it counts.
    pub(crate) fn measure(&self) {
        self.phase.store(MEASURING, Ordering::Relaxed);
    }

    /// No further job begins, and nothing counts any more.
    pub(crate) fn end(&self) {
        self.phase.store(OVER, Ordering::Relaxed);
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
