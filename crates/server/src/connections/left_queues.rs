//! Who fetched a queue last, of those that are gone.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::time::Instant;

use workmill_web::LeftQueue;

/// How many queues are remembered: a client that makes up names must not fill the memory.
const QUEUES_MAX: usize = 10_000;

/// The queues that closed connections fetched, and when the last one of each was closed.
#[derive(Debug, Default)]
pub(super) struct LeftQueues(HashMap<Box<str>, (Arc<str>, Instant)>);

impl LeftQueues {
    /// A connection is closed that fetched these queues.
    pub(super) fn note(&mut self, queues: &[String], wid: &Arc<str>, now: Instant) {
        for queue in queues {
            let left = (Arc::clone(wid), now);
            if let Some(known) = self.0.get_mut(queue.as_str()) {
                *known = left;
                continue;
            }
            if self.0.len() >= QUEUES_MAX {
                self.forget_older_half();
            }
            self.0.insert(queue.as_str().into(), left);
        }
    }

    fn forget_older_half(&mut self) {
        let mut times: Vec<Instant> = self.0.values().map(|(_, at)| *at).collect();
        let middle = times.len() / 2;
        let (_, middle, _) = times.select_nth_unstable(middle);
        let middle = *middle;
        self.0.retain(|_, (_, at)| *at > middle);
    }

    pub(super) fn list(&self, now: Instant) -> BTreeMap<Box<str>, LeftQueue> {
        let queues = self.0.iter();
        let queues = queues.map(|(queue, (wid, at))| {
            let left = LeftQueue {
                wid: Arc::clone(wid),
                ago: now.saturating_duration_since(*at),
            };
            (queue.clone(), left)
        });
        queues.collect()
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn of_many_queues_those_that_were_left_last_are_remembered() {
        let (mut left, start) = (LeftQueues::default(), Instant::now());
        let wid: Arc<str> = "w".into();
        for n in 0..3 * QUEUES_MAX as u64 {
            let now = start + Duration::from_secs(n);
            left.note(&[format!("q{n}")], &wid, now);
            assert!(left.0.len() <= QUEUES_MAX);
        }
        let last = format!("q{}", 3 * QUEUES_MAX - 1);
        assert!(left.0.contains_key(&*last));
        assert!(!left.0.contains_key("q0"));
    }

    #[test]
    fn queue_that_is_left_again_has_the_last_moment() {
        let (mut left, start) = (LeftQueues::default(), Instant::now());
        let queues = ["q".to_owned()];
        left.note(&queues, &"w1".into(), start);
        left.note(&queues, &"w2".into(), start + Duration::from_secs(5));
        let list = left.list(start + Duration::from_secs(8));
        let expected = LeftQueue {
            wid: "w2".into(),
            ago: Duration::from_secs(3),
        };
        assert_eq!(list.get("q"), Some(&expected));
    }
}
