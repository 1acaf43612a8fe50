//! What runs, as far as clients know: less than what the server has handed out, and never more than it may.

use std::collections::BTreeMap;

use jiff::Timestamp;

use super::book::Book;
use super::plan::{CONCURRENCY_MAX, QUEUES, RATE, WORKER_MAX};

#[derive(Debug, Default)]
pub(super) struct Throttles {
    /// The workers that have jobs in their hands, by job.
    running: BTreeMap<String, (&'static str, String)>,
    started_at: Timestamp,
    /// Jobs of the queue with a rate that were handed out since the start.
    paced: u32,
}

impl Throttles {
    pub(super) fn server_starts(&mut self) {
        self.started_at = Timestamp::now();
        self.paced = 0;
    }

    /// The job is about to be let go.
    pub(super) fn lets_go(&mut self, jid: &str) {
        self.running.remove(jid);
    }

    fn count(&self, counted: impl Fn(&str, &str) -> bool) -> usize {
        let running = self.running.values();
        running.filter(|(queue, wid)| counted(queue, wid)).count()
    }
}

impl Book {
    /// A job was handed out.
    pub(super) fn runs(&mut self, jid: &str, queue: &'static str, wid: &str) {
        let throttles = &mut self.throttles;
        throttles
            .running
            .insert(jid.to_owned(), (queue, wid.to_owned()));
        let [_, few, shared, paced] = QUEUES;
        let (count, limit) = if queue == few {
            (throttles.count(|of, _| of == few), CONCURRENCY_MAX)
        } else if queue == shared {
            let its = |of: &str, by: &str| of == shared && by == wid;
            (throttles.count(its), WORKER_MAX)
        } else if queue == paced {
            // The bucket is empty after a start, and the server began after this book knew.
            throttles.paced += 1;
            let age = Timestamp::now().duration_since(throttles.started_at);
            (
                throttles.paced as usize,
                (age.as_secs_f64() * RATE) as usize,
            )
        } else {
            return;
        };
        self.checked.limits_reached += u64::from(count == limit);
        if count > limit {
            self.violate(format!(
                "{count} jobs of {queue} were handed out with {jid}, by {wid}; {limit} may be"
            ));
        }
    }
}
