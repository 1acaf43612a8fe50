//! Keeps a fault that happens a thousand times a second from filling the log.

use std::time::{Duration, Instant};

/// How often a line of one kind is logged at most, when nothing else is said.
const PERIOD: Duration = Duration::from_secs(5);

/// Lets one line of a kind pass per period.
#[derive(Debug)]
pub(crate) struct LogLimit {
    period: Duration,
    last: Option<Instant>,
    suppressed: u64,
}

impl Default for LogLimit {
    /// One line every five seconds.
    fn default() -> Self {
        Self::every(PERIOD)
    }
}

impl LogLimit {
    /// One line per period.
    pub(crate) fn every(period: Duration) -> Self {
        Self {
            period,
            last: None,
            suppressed: 0,
        }
    }

    /// Whether a line may be logged at `now`: then how many were kept back since the last one.
    pub(crate) fn pass(&mut self, now: Instant) -> Option<u64> {
        if self
            .last
            .is_some_and(|last| now.saturating_duration_since(last) < self.period)
        {
            self.suppressed += 1;
            return None;
        }
        self.last = Some(now);
        Some(std::mem::take(&mut self.suppressed))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_line_passes_per_period_and_tells_what_was_kept_back() {
        let mut limit = LogLimit::default();
        let start = Instant::now();
        assert_eq!(limit.pass(start), Some(0));
        assert_eq!(limit.pass(start), None);
        assert_eq!(limit.pass(start + PERIOD / 2), None);
        assert_eq!(limit.pass(start + PERIOD), Some(2));
        assert_eq!(limit.pass(start + PERIOD * 2), Some(0));
    }
}
