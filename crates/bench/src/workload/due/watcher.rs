//! Asks the server again and again how many jobs are still to be moved.

use std::sync::Arc;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::time::{Instant, MissedTickBehavior, interval};

use crate::client::Client;
use crate::latency::Step;
use crate::server::info;
use crate::stage::Stage;

/// How often the server is asked, if its answers do not take longer: this is how exact the times are.
const INTERVAL: Duration = Duration::from_millis(20);

/// What has been seen so far.
#[derive(Debug)]
pub(super) struct Watched {
    due: Instant,
    /// Scheduled jobs that are not of this run.
    before: u64,
    jobs: u64,
    left: AtomicU64,
    first_moved: OnceLock<Duration>,
}

impl Watched {
    pub(super) fn new(due: Instant, before: u64, jobs: u32) -> Self {
        Self {
            due,
            before,
            jobs: u64::from(jobs),
            left: AtomicU64::new(u64::from(jobs)),
            first_moved: OnceLock::new(),
        }
    }

    /// Jobs that were not in their queues when the server was asked for the last time.
    pub(super) fn left(&self) -> u64 {
        self.left.load(Ordering::Relaxed)
    }

    /// How long after they were due the first was seen to be moved.
    pub(super) fn first_moved(&self) -> Option<Duration> {
        self.first_moved.get().copied()
    }

    /// Takes note of the size of the scheduled set. How many jobs have left it since the last time.
    fn see(&self, scheduled: u64) -> u64 {
        let left = scheduled.saturating_sub(self.before).min(self.jobs);
        if left < self.jobs {
            self.first_moved.get_or_init(|| self.due.elapsed());
        }
        let last = self.left.swap(left, Ordering::Relaxed);
        last.saturating_sub(left)
    }
}

/// The connection that asks.
pub(super) struct Watcher {
    client: Client,
    watched: Arc<Watched>,
    stage: Arc<Stage>,
}

impl Watcher {
    pub(super) fn new(client: Client, watched: &Arc<Watched>, stage: &Arc<Stage>) -> Self {
        Self {
            client,
            watched: Arc::clone(watched),
            stage: Arc::clone(stage),
        }
    }

    /// Counts jobs that are moved, and ends the measuring when all are.
    pub(super) async fn run(mut self) -> anyhow::Result<()> {
        let mut ticks = interval(INTERVAL);
        ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            tokio::select! {
                _ = ticks.tick() => {}
                () = self.stage.over() => return Ok(()),
            }
            // What is seen before it counts would not be counted.
            if !self.stage.counts() {
                continue;
            }
            let begin = Instant::now();
            let scheduled = info(&mut self.client).await?.faktory.scheduled();
            let moved = self.watched.see(scheduled);
            self.stage.record(moved, &[(Step::Info, begin.elapsed())])?;
            if self.watched.left() == 0 {
                self.stage.end();
                return Ok(());
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn jobs_of_others_are_not_waited_for() {
        let watched = Watched::new(Instant::now(), 7, 100);
        assert_eq!(watched.see(107), 0);
        assert_eq!(watched.first_moved(), None);
        assert_eq!(watched.see(67), 40);
        assert!(watched.first_moved().is_some());
        assert_eq!((watched.left(), watched.see(7)), (60, 60));
        assert_eq!((watched.left(), watched.see(3)), (0, 0));
    }
}
