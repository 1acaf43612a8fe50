//! Throttles: how much of a queue may run at a time, and how fast it may be handed out.

use std::collections::BTreeMap;
use std::time::Duration;

use workmill_proto::SteadyTime;

/// The limits of one queue. Those that are set all hold.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Throttle {
    /// How many of its jobs one worker may have at a time. A connection without a worker's id counts by itself.
    pub worker: Option<u64>,
    /// How many of its jobs may run at a time, on all workers together.
    pub concurrency: Option<u64>,
    /// After how many seconds a job counts no more for the two limits above. It runs on.
    pub timeout_secs: Option<i64>,
    /// How fast its jobs may be handed out.
    pub rate: Option<Rate>,
}

/// A token bucket: it fills with one token each `interval`, up to `burst`, and each job takes one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    interval_nanos: u64,
    burst: u64,
}

impl Rate {
    /// `jobs` (a number above 0) within each `per`; up to `burst`, at least one, at once. An interval between two
    /// jobs is a nanosecond at least and 500 years at most.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "what is out of range becomes the end of the range"
    )]
    pub fn new(jobs: f64, per: Duration, burst: u64) -> Self {
        let interval_nanos = per.as_secs_f64() * 1e9 / jobs;
        Self {
            interval_nanos: (interval_nanos as u64).max(1),
            burst: burst.max(1),
        }
    }

    /// How many jobs a second may be handed out, over a long time.
    pub fn jobs_per_sec(self) -> f64 {
        1e9 / self.interval_nanos as f64
    }

    /// How many jobs may be handed out at once, after a long time without any.
    pub fn burst(self) -> u64 {
        self.burst
    }

    /// How many jobs that is, and in which time: the smallest number of them that takes a second or more.
    pub fn in_whole_jobs(self) -> (u64, Duration) {
        let jobs = 1_000_000_000_u64.div_ceil(self.interval_nanos);
        (
            jobs,
            Duration::from_nanos(self.interval_nanos.saturating_mul(jobs)),
        )
    }

    fn interval(self) -> i128 {
        i128::from(self.interval_nanos)
    }

    /// How long the bucket takes to fill, in nanoseconds.
    fn fill_time(self) -> i128 {
        self.interval() * i128::from(self.burst)
    }
}

/// The token buckets, by queue. Each is kept as the moment at which it is full again, in nanoseconds.
///
/// Only in memory: after a start they are empty, so that a restart hands out no burst of its own.
#[derive(Debug, Default)]
pub(crate) struct Buckets {
    full_at: BTreeMap<String, i128>,
    /// What the group changed, as it was before.
    before: Vec<(String, Option<i128>)>,
}

impl Buckets {
    /// When the next token is there; `now` or earlier if there is one.
    pub(crate) fn next_at(&mut self, queue: &str, rate: Rate, now: SteadyTime) -> SteadyTime {
        let full_at = self.full_at(queue, rate, now);
        let next_at = full_at - rate.fill_time() + rate.interval();
        // Up to the next microsecond: a token is never there too early.
        let micros = next_at.div_euclid(1_000) + i128::from(next_at.rem_euclid(1_000) != 0);
        SteadyTime::from_micros(i64::try_from(micros).unwrap_or(i64::MAX))
    }

    /// Takes a token.
    pub(crate) fn take(&mut self, queue: &str, rate: Rate, now: SteadyTime) {
        let full_at = self.full_at(queue, rate, now);
        self.set(queue, full_at.max(nanos(now)) + rate.interval());
    }

    /// Gives a token back.
    pub(crate) fn refund(&mut self, queue: &str, rate: Rate, now: SteadyTime) {
        let full_at = self.full_at(queue, rate, now);
        self.set(queue, full_at - rate.interval());
    }

    /// Lets the bucket of a queue fill from now on, if it is new.
    pub(crate) fn fill_from(&mut self, queue: &str, rate: Rate, now: SteadyTime) {
        self.full_at(queue, rate, now);
    }

    /// Forgets the bucket of a queue that has no rate any more.
    pub(crate) fn forget(&mut self, queue: &str) {
        self.full_at.remove(queue);
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.before.clear();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        while let Some((queue, before)) = self.before.pop() {
            match before {
                Some(full_at) => self.full_at.insert(queue, full_at),
                None => self.full_at.remove(&queue),
            };
        }
    }

    /// When the bucket is full. One that is new is empty; none is emptier than empty, also after its rate changed.
    fn full_at(&mut self, queue: &str, rate: Rate, now: SteadyTime) -> i128 {
        let empty = nanos(now) + rate.fill_time();
        match self.full_at.get(queue) {
            Some(&full_at) if full_at <= empty => full_at,
            // To be kept: from now on it fills.
            _ => {
                self.set(queue, empty);
                empty
            }
        }
    }

    fn set(&mut self, queue: &str, full_at: i128) {
        let before = match self.full_at.get_mut(queue) {
            Some(place) => Some(std::mem::replace(place, full_at)),
            None => self.full_at.insert(queue.to_owned(), full_at),
        };
        self.before.push((queue.to_owned(), before));
    }
}

fn nanos(at: SteadyTime) -> i128 {
    i128::from(at.as_micros()) * 1_000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_told_in_whole_jobs_and_whole_seconds() {
        let told = |jobs, per| Rate::new(jobs, Duration::from_secs(per), 1).in_whole_jobs();
        assert_eq!(told(1.0, 60), (1, Duration::from_secs(60)));
        assert_eq!(told(100.0, 1), (100, Duration::from_secs(1)));
        assert_eq!(told(600.0, 60), (10, Duration::from_secs(1)));
    }
}
