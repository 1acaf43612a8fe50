//! How often each duty of time has run.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use workmill_engine::Duty;

/// The duties of time, one by one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DutyKind {
    Promote,
    RetryCarefully,
    Expire,
    Purge,
    Sweep,
    Recover,
    Cron,
    KeepClocks,
}

impl DutyKind {
    /// All of them, in the order in which they are told.
    pub(crate) const ALL: [Self; 8] = [
        Self::Promote,
        Self::RetryCarefully,
        Self::Expire,
        Self::Purge,
        Self::Sweep,
        Self::Recover,
        Self::Cron,
        Self::KeepClocks,
    ];

    /// What a duty is one of.
    pub(crate) fn of(duty: &Duty) -> Self {
        match duty {
            Duty::Promote => Self::Promote,
            Duty::RetryCarefully => Self::RetryCarefully,
            Duty::ExpireReservations => Self::Expire,
            Duty::Purge => Self::Purge,
            Duty::Sweep => Self::Sweep,
            Duty::RecoverLost { .. } => Self::Recover,
            Duty::FireCron(_) => Self::Cron,
            Duty::KeepClocks => Self::KeepClocks,
        }
    }

    /// What operators know it by.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Promote => "promotion",
            Self::RetryCarefully => "careful retry",
            Self::Expire => "expiry",
            Self::Purge => "purge",
            Self::Sweep => "sweep",
            Self::Recover => "recovery",
            Self::Cron => "cron",
            Self::KeepClocks => "clock keeping",
        }
    }
}

/// Counts the runs of the duties.
#[derive(Debug, Default)]
pub(crate) struct DutyCounters([DutyCounter; DutyKind::ALL.len()]);

/// Counts the runs of one duty.
#[derive(Debug, Default)]
struct DutyCounter {
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

impl DutyCounters {
    /// Counts a run that took so long.
    pub(crate) fn count(&self, kind: DutyKind, time: Duration) {
        let micros = u64::try_from(time.as_micros()).unwrap_or(u64::MAX);
        if let Some(counter) = self.0.get(kind as usize) {
            counter.runs.fetch_add(1, Ordering::Relaxed);
            counter.micros.fetch_add(micros, Ordering::Relaxed);
        }
    }

    /// What was counted so far.
    pub(crate) fn so_far(&self, kind: DutyKind) -> DutyCount {
        let counter = self.0.get(kind as usize);
        counter.map_or_else(DutyCount::default, |counter| DutyCount {
            runs: counter.runs.load(Ordering::Relaxed),
            time: Duration::from_micros(counter.micros.load(Ordering::Relaxed)),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_duty_is_counted_by_itself() {
        let counters = DutyCounters::default();
        for (runs, kind) in DutyKind::ALL.into_iter().enumerate() {
            for _ in 0..=runs {
                counters.count(kind, Duration::from_micros(2));
            }
        }
        let counted = DutyKind::ALL.map(|kind| counters.so_far(kind));
        assert_eq!(counted.map(|count| count.runs), [1, 2, 3, 4, 5, 6, 7, 8]);
        assert_eq!(
            counted.map(|count| count.time.as_micros()),
            [2, 4, 6, 8, 10, 12, 14, 16]
        );
    }
}
