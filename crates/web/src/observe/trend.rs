//! Where queues are heading.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;

use super::observed::Observed;

/// How far back one looks.
const WITHIN: Duration = Duration::from_secs(180);

/// How far apart looks are that are remembered; a shorter time says nothing.
const APART: Duration = Duration::from_secs(20);

/// Earlier looks, the earliest first.
#[derive(Debug, Default)]
pub(super) struct Trend(VecDeque<(Instant, Arc<Observed>)>);

impl Trend {
    pub(super) fn add(&mut self, now: Instant, observed: &Arc<Observed>) {
        while self
            .0
            .front()
            .is_some_and(|(at, _)| now.duration_since(*at) > WITHIN)
        {
            self.0.pop_front();
        }
        let last = self.0.back().map(|(at, _)| now.duration_since(*at));
        if last.is_none_or(|ago| ago >= APART) {
            self.0.push_back((now, Arc::clone(observed)));
        }
    }

    /// In how many seconds a queue is empty that is like this now.
    pub(super) fn empty_in(&self, queue: &str, at: Instant, now: &Observed) -> Option<f64> {
        let size = now.queues.get(queue).map_or(0, |queue| queue.size);
        if size == 0 {
            return Some(0.0);
        }
        let mut earlier = self.0.iter().filter(|(then, before)| {
            let is_in_time = (APART..=WITHIN).contains(&at.duration_since(*then));
            is_in_time && before.queues.contains_key(queue)
        });
        let (then, before) = earlier.next()?;
        let gone = before.queues.get(queue)?.size.checked_sub(size)?;
        let secs = at.duration_since(*then).as_secs_f64();
        (gone > 0).then(|| size as f64 * secs / gone as f64)
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::observe::QueueNow;

    fn seen(size: u64) -> Arc<Observed> {
        let queue = QueueNow {
            size,
            ..QueueNow::default()
        };
        Arc::new(Observed {
            at: workmill_proto::Timestamp::default(),
            totals: workmill_store::Totals::default(),
            queues: BTreeMap::from([("q".into(), queue)]),
            held: BTreeMap::new(),
        })
    }

    /// What is told after looks at these times, in seconds, with these sizes.
    fn told(looks: &[(u64, u64)]) -> Option<f64> {
        let (mut trend, start) = (Trend::default(), Instant::now());
        let mut last = None;
        for (secs, size) in looks {
            let (at, seen) = (start + Duration::from_secs(*secs), seen(*size));
            trend.add(at, &seen);
            last = Some((at, seen));
        }
        let (at, seen) = last?;
        trend.empty_in("q", at, &seen)
    }

    #[test]
    fn queue_that_shrinks_is_empty_when_it_goes_on_like_that() {
        assert_eq!(told(&[(0, 300), (30, 200)]), Some(60.0));
        assert_eq!(told(&[(0, 300), (60, 250), (120, 100)]), Some(60.0));
        assert_eq!(told(&[(0, 5), (1, 0)]), Some(0.0));
    }

    #[test]
    fn nothing_is_told_of_a_queue_that_does_not_shrink_or_was_not_seen_for_long() {
        for looks in [
            &[(0, 300)][..],
            &[(0, 300), (5, 200)],
            &[(0, 300), (30, 300)],
            &[(0, 300), (30, 400)],
            &[(0, 300), (1_000, 200)],
        ] {
            assert_eq!(told(looks), None, "{looks:?}");
        }
    }

    #[test]
    fn few_looks_are_remembered() {
        let (mut trend, start) = (Trend::default(), Instant::now());
        for secs in 0..1_000 {
            trend.add(start + Duration::from_secs(secs), &seen(1));
        }
        assert!(trend.0.len() <= 10, "{}", trend.0.len());
    }
}
