//! Where queues are heading.

use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

use tokio::time::Instant;
use workmill_proto::Timestamp;

use super::observed::Observed;

/// How far back one looks.
const WITHIN: Duration = Duration::from_secs(180);

/// How far apart looks are that are remembered; a shorter time says nothing.
const APART: Duration = Duration::from_secs(20);

/// What was seen a while ago.
#[derive(Debug)]
pub(crate) struct Look {
    pub(crate) ago: Duration,
    pub(crate) observed: Arc<Observed>,
}

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
        let (then, before) = self.earlier(queue, at)?;
        let gone = before.queues.get(queue)?.size.checked_sub(size)?;
        let secs = at.duration_since(then).as_secs_f64();
        (gone > 0).then(|| size as f64 * secs / gone as f64)
    }

    /// In how many seconds the job that was put into a queue then is its next one. The queue gets on as its head does: by so
    /// much does a later job stand there now.
    pub(super) fn reached_in(
        &self,
        queue: &str,
        enqueued_at: Timestamp,
        (at, now): (Instant, &Observed),
    ) -> Option<f64> {
        let head = now.head(queue)?;
        let (then, before) = self.earlier(queue, at)?;
        let ahead = enqueued_at.since(head).as_secs_f64();
        let got_on = head.since(before.head(queue)?).as_secs_f64();
        let secs = at.duration_since(then).as_secs_f64();
        (got_on > 0.0).then(|| ahead * secs / got_on)
    }

    /// The looks that are of use, the earliest first.
    pub(super) fn looks(&self, at: Instant) -> Vec<Look> {
        let looks = self.0.iter().map(|(then, observed)| Look {
            ago: at.duration_since(*then),
            observed: Arc::clone(observed),
        });
        looks
            .filter(|look| (APART..=WITHIN).contains(&look.ago))
            .collect()
    }

    /// The earliest look that is of use.
    fn earlier(&self, queue: &str, at: Instant) -> Option<(Instant, &Observed)> {
        let mut earlier = self.0.iter().filter(|(then, before)| {
            let is_in_time = (APART..=WITHIN).contains(&at.duration_since(*then));
            is_in_time && before.queues.contains_key(queue)
        });
        earlier.next().map(|(then, before)| (*then, &**before))
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
            queues: BTreeMap::from([("q".into(), queue)]),
            ..Observed::default()
        })
    }

    /// What is told of a job, after looks at these times, in seconds, at which the head had waited so long.
    fn reached(looks: &[(u64, u64)], waited: u64) -> Option<f64> {
        let (mut trend, start) = (Trend::default(), Instant::now());
        let wall = Timestamp::default().plus_secs(1_000_000);
        let mut last = None;
        for (secs, latency) in looks {
            let queue = QueueNow {
                size: 1_000,
                latency_secs: *latency as f64,
                ..QueueNow::default()
            };
            let seen = Arc::new(Observed {
                at: wall.plus(Duration::from_secs(*secs)),
                queues: BTreeMap::from([("q".into(), queue)]),
                ..Observed::default()
            });
            let at = start + Duration::from_secs(*secs);
            trend.add(at, &seen);
            last = Some((at, seen));
        }
        let (at, seen) = last?;
        let enqueued_at = seen.at.plus_secs(-i64::try_from(waited).unwrap());
        trend.reached_in("q", enqueued_at, (at, &seen))
    }

    #[test]
    fn job_is_reached_as_fast_as_the_head_of_its_queue_gets_on() {
        // In a minute the head got on by one minute: as fast as jobs come.
        assert_eq!(reached(&[(0, 600), (60, 600)], 300), Some(300.0));
        // By two minutes: twice as fast.
        assert_eq!(reached(&[(0, 600), (60, 540)], 300), Some(120.0));
        assert_eq!(reached(&[(0, 600), (60, 540)], 540), Some(0.0));
    }

    #[test]
    fn nothing_is_told_of_a_job_whose_queue_does_not_get_on() {
        assert_eq!(reached(&[(0, 600), (60, 660)], 300), None);
        assert_eq!(reached(&[(0, 600), (5, 500)], 300), None);
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
