//! When somebody has to look again although nothing happens.

use workmill_proto::SteadyTime;

use super::{Naive, Waiting};

impl Naive {
    /// The next moment at which a FETCH that waits has waited long enough, or may have a job that it may not have now.
    pub fn next_moment(&self) -> Option<SteadyTime> {
        let moment_of = |fetch: &Waiting| {
            let queues = fetch.queues.iter();
            let served_at = queues.filter_map(|queue| self.may_have_at(queue, fetch));
            served_at.chain([fetch.deadline]).min()
        };
        self.waiting.iter().filter_map(moment_of).min()
    }

    /// When a FETCH may have a job of a queue by the passing of time alone.
    fn may_have_at(&self, queue: &str, fetch: &Waiting) -> Option<SteadyTime> {
        let limits = *self.limits.get(queue)?;
        let is_fetchable = |queue: &super::Queue| !queue.paused && !queue.jobs.is_empty();
        if !self.queues.get(queue).is_some_and(is_fetchable) {
            return None;
        }
        let slots = self.slots(queue, limits).into_iter();
        let timed_out =
            slots.filter_map(|work| Some(work.reserved_at.plus_secs(limits.timeout_secs?)));
        let token = limits.rate.map(|rate| self.token_at(queue, rate));
        let moments = timed_out.chain(token).map(|moment| moment.max(self.now));
        let mut moments: Vec<SteadyTime> = moments.collect();
        moments.sort_unstable();
        moments.into_iter().find(|moment| {
            let mut then = self.clone();
            then.now = *moment;
            then.may_have(queue, fetch)
        })
    }
}
