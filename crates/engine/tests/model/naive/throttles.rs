//! Throttles: which worker may have a job of which queue.

use std::collections::BTreeMap;

use workmill_proto::SteadyTime;

use super::{Job, Mutant, Naive, Waiting, Work};

/// What an operator says of a queue.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Limits {
    pub worker: Option<u64>,
    pub concurrency: Option<u64>,
    pub timeout_secs: Option<i64>,
    pub rate: Option<Rate>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Rate {
    pub interval_millis: u64,
    pub burst: u64,
}

pub const UNLIMITED: Limits = Limits {
    worker: None,
    concurrency: None,
    timeout_secs: None,
    rate: None,
};
const RATE: Option<Rate> = Some(Rate {
    interval_millis: 2_300,
    burst: 3,
});

/// The settings that an operator goes to and fro between.
pub const LIMITS: [&[(&str, Limits)]; 3] = [
    &[
        (
            "b",
            Limits {
                concurrency: Some(3),
                timeout_secs: Some(3),
                ..UNLIMITED
            },
        ),
        (
            "c",
            Limits {
                rate: RATE,
                ..UNLIMITED
            },
        ),
        (
            "d",
            Limits {
                worker: Some(1),
                concurrency: Some(3),
                ..UNLIMITED
            },
        ),
    ],
    &[
        (
            "b",
            Limits {
                worker: Some(2),
                timeout_secs: Some(20),
                ..UNLIMITED
            },
        ),
        (
            "c",
            Limits {
                concurrency: Some(4),
                rate: RATE,
                ..UNLIMITED
            },
        ),
    ],
    &[],
];

impl Naive {
    pub fn set_limits(&mut self, limits: &[(&'static str, Limits)]) {
        self.limits = limits.iter().copied().collect();
        // A bucket starts over when its queue has a rate again.
        let limits_now = &self.limits;
        let has_rate = |queue: &str| limits_now.get(queue).is_some_and(|now| now.rate.is_some());
        self.credits.retain(|queue, _| has_rate(queue));
        for (queue, limits) in limits {
            if let Some(rate) = limits.rate {
                let full = rate.full_nanos();
                let credit = if self.mutant == Mutant::BucketStartsFull {
                    full
                } else {
                    0
                };
                self.credits.entry(queue).or_insert((credit, self.now));
            }
        }
    }

    /// Whether this FETCH may have a job of this queue now.
    pub fn may_have(&mut self, queue: &str, fetch: &Waiting) -> bool {
        let Some(limits) = self.limits.get(queue).copied() else {
            return true;
        };
        let slots = self.slots(queue, limits);
        let taken = slots.len() as u64;
        let shares = self.mutant == Mutant::WorkersShareSlots;
        let is_own =
            |work: &&Work| shares || (work.wid == fetch.wid && work.connection == fetch.connection);
        let own = slots.into_iter().filter(is_own).count() as u64;
        let ignored = self.mutant == Mutant::ConcurrencyIgnored;
        let has_slot = limits
            .concurrency
            .is_none_or(|limit| taken < limit || ignored)
            && limits.worker.is_none_or(|limit| own < limit);
        has_slot && self.has_token(queue, limits)
    }

    /// The reservations that count.
    pub fn slots(&self, queue: &str, limits: Limits) -> Vec<&Work> {
        let counts = |work: &&Work| {
            let timeout = limits
                .timeout_secs
                .filter(|_| self.mutant != Mutant::SlotsWithoutTimeout);
            work.job.queue == queue
                && timeout.is_none_or(|secs| work.reserved_at.plus_secs(secs) > self.now)
        };
        self.working.iter().filter(counts).collect()
    }

    fn has_token(&mut self, queue: &str, limits: Limits) -> bool {
        match limits.rate {
            Some(rate) => *self.credit(queue, rate).unwrap() >= rate.interval_nanos(),
            None => true,
        }
    }

    /// When the next token is there, up to the next microsecond.
    pub fn token_at(&self, queue: &str, rate: Rate) -> SteadyTime {
        let (credit, since) = self.credits[queue];
        let missing = (rate.interval_nanos() - credit).max(0);
        let micros = i64::try_from((missing + 999) / 1_000).unwrap();
        SteadyTime::from_micros(since.as_micros() + micros)
    }

    /// A job was handed out.
    pub fn spend(&mut self, job: &Job) {
        self.change_credit(&job.queue, -1);
    }

    /// A job could not be delivered.
    pub fn refund(&mut self, job: &Job) {
        if self.mutant != Mutant::UndeliveredIsNotRefunded {
            self.change_credit(&job.queue, 1);
        }
    }

    fn change_credit(&mut self, queue: &str, tokens: i128) {
        if let Some(rate) = self.limits.get(queue).and_then(|limits| limits.rate) {
            *self.credit(queue, rate).unwrap() += tokens * rate.interval_nanos();
        }
    }

    /// What a bucket has by now: never more than the burst.
    fn credit(&mut self, queue: &str, rate: Rate) -> Option<&mut i128> {
        let (credit, since) = self.credits.get_mut(queue)?;
        let passed = self.now.as_micros() - since.as_micros();
        *credit += i128::from(passed) * 1_000;
        *since = self.now;
        if self.mutant != Mutant::BurstIgnored {
            *credit = rate.full_nanos().min(*credit);
        }
        Some(credit)
    }
}

impl Rate {
    fn interval_nanos(self) -> i128 {
        i128::from(self.interval_millis) * 1_000_000
    }

    fn full_nanos(self) -> i128 {
        self.interval_nanos() * i128::from(self.burst)
    }
}

/// The same limits for the engine.
pub fn for_the_engine(
    limits: &[(&'static str, Limits)],
) -> BTreeMap<String, workmill_engine::Throttle> {
    let throttle = |limits: &Limits| workmill_engine::Throttle {
        worker: limits.worker,
        concurrency: limits.concurrency,
        timeout_secs: limits.timeout_secs,
        rate: limits.rate.map(|rate| {
            let per = std::time::Duration::from_millis(rate.interval_millis);
            workmill_engine::Rate::new(1.0, per, rate.burst)
        }),
    };
    let limits = limits.iter();
    limits
        .map(|(queue, limits)| ((*queue).to_owned(), throttle(limits)))
        .collect()
}
