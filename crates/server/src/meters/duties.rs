//! How often each duty of time has run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Counts the runs of the duties.
#[derive(Debug, Default)]
pub(crate) struct DutyCounters {
    pub(crate) promote: DutyCounter,
    pub(crate) expire: DutyCounter,
    pub(crate) purge: DutyCounter,
    pub(crate) sweep: DutyCounter,
    pub(crate) recover: DutyCounter,
    pub(crate) cron: DutyCounter,
    pub(crate) keep_clocks: DutyCounter,
}

/// Counts the runs of one duty.
#[derive(Debug, Default)]
pub(crate) struct DutyCounter {
    runs: AtomicU64,
    micros: AtomicU64,
}

/// How often a duty has run, and how long it has taken altogether.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct DutyCount {
    pub(crate) runs: u64,
    /// From asking for it to its end, waiting included.
    pub(crate) time: Duration,
}

impl DutyCounter {
    pub(crate) fn count(&self, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        self.runs.fetch_add(1, Ordering::Relaxed);
        self.micros.fetch_add(micros, Ordering::Relaxed);
    }

    pub(crate) fn count_so_far(&self) -> DutyCount {
        DutyCount {
            runs: self.runs.load(Ordering::Relaxed),
            time: Duration::from_micros(self.micros.load(Ordering::Relaxed)),
        }
    }
}
