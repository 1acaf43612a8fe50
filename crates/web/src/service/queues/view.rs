//! A queue, as it is shown.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::Throttle;

use crate::observe::QueueNow;

/// A queue.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct Queue {
    /// Its name.
    pub name: String,
    /// Jobs that wait in it.
    pub size: u64,
    /// Jobs of it that run.
    pub working: u64,
    /// Whether no jobs of it are handed out.
    pub paused: bool,
    /// How long its next job has waited, in seconds.
    pub latency: f64,
    /// In how many seconds it is empty if it goes on as in the last minutes; null if it does not shrink, or nobody has
    /// looked within them.
    pub eta: Option<f64>,
    /// Its limits; null if it has none.
    pub throttle: Option<QueueLimits>,
}

/// The limits of a queue. All that are set hold.
#[derive(Clone, Debug, PartialEq, Serialize, ToSchema)]
pub struct QueueLimits {
    /// How many of its jobs one worker may have at a time.
    pub worker: Option<u64>,
    /// How many of its jobs may run at a time.
    pub concurrency: Option<u64>,
    /// After how many seconds a job counts no more for the two limits above.
    pub timeout: Option<i64>,
    /// How many of its jobs are handed out a second.
    pub rate: Option<f64>,
    /// How many may be handed out at once after a while without any.
    pub burst: Option<u64>,
    /// Whether as many run as may.
    pub full: bool,
}

impl Queue {
    pub(super) fn new(
        name: &str,
        now: QueueNow,
        throttle: Option<&Throttle>,
        eta: Option<f64>,
    ) -> Self {
        Self {
            name: name.to_owned(),
            size: now.size,
            working: now.working,
            paused: now.paused,
            latency: now.latency_secs,
            eta,
            throttle: throttle.map(|throttle| QueueLimits::new(throttle, now.working)),
        }
    }
}

impl QueueLimits {
    pub(super) fn new(throttle: &Throttle, working: u64) -> Self {
        Self {
            worker: throttle.worker,
            concurrency: throttle.concurrency,
            timeout: throttle.timeout_secs,
            rate: throttle.rate.map(|rate| rate.jobs_per_sec()),
            burst: throttle.rate.map(|rate| rate.burst()),
            full: throttle.concurrency.is_some_and(|most| working >= most),
        }
    }
}
