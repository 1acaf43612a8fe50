//! What is run together: requests that need a further slice, and new ones.

use std::collections::VecDeque;
use std::time::{Duration, Instant};

use workmill_engine::{Op, Request};

/// How much work a group takes in at most, in jobs: a few milliseconds' worth, so that nobody waits long
/// for a group that was just missed. One submission may exceed it.
pub(super) const GROUP_WEIGHT_MAX: usize = 2_048;

/// So much work is run without waiting for more, in jobs: to run it takes longer than the sync that others could
/// share.
pub(super) const GROUP_WEIGHT_ENOUGH: usize = GROUP_WEIGHT_MAX / 4;

/// How much of a group may be further slices of long requests, in jobs: new requests have the rest.
const BACKLOG_WEIGHT_MAX: usize = GROUP_WEIGHT_MAX / 2;

/// How many bytes of commands a group takes in at most. One submission may exceed it.
pub(super) const GROUP_BYTES_MAX: usize = 16 << 20;

/// How long a job that could not be given back waits for the next try: the disk was full, or something
/// else is wrong that will not pass within a few milliseconds.
const RETURN_RETRY_DELAY: Duration = Duration::from_secs(1);

/// Requests the committer still has to run and that no inbox holds.
#[derive(Debug, Default)]
pub(super) struct Backlog {
    unfinished: VecDeque<Request>,
    /// Jobs that could not be given back to their queues yet.
    returns: Vec<Request>,
    returns_due: Option<Instant>,
}

impl Backlog {
    /// Keeps requests for their next slices. Long requests take turns.
    pub(super) fn keep(&mut self, unfinished: Vec<Request>) {
        self.unfinished.extend(unfinished);
    }

    /// Whether there are next slices.
    pub(super) fn has_unfinished(&self) -> bool {
        !self.unfinished.is_empty()
    }

    /// Keeps the return of jobs whose try has failed. It must not be given up: the jobs would stay reserved
    /// for nobody.
    pub(super) fn keep_return(&mut self, request: Request, now: Instant) {
        debug_assert!(matches!(request.op, Op::Nack(_)));
        self.returns.push(request);
        self.returns_due = Some(now + RETURN_RETRY_DELAY);
    }

    /// Takes out the jobs that could not be given back yet, for a last try.
    pub(super) fn take_returns(&mut self) -> Vec<Request> {
        self.returns_due = None;
        std::mem::take(&mut self.returns)
    }

    /// When there will be something to run.
    pub(super) fn due(&self) -> Option<Instant> {
        self.returns_due
    }

    /// Takes out what the next group is to begin with, and its weight.
    pub(super) fn take(&mut self, now: Instant) -> (Vec<Request>, usize) {
        let mut requests = Vec::new();
        let mut total = 0;
        while let Some(next) = self.unfinished.front() {
            total += next.op.traits().weight;
            if total > BACKLOG_WEIGHT_MAX && !requests.is_empty() {
                break;
            }
            requests.extend(self.unfinished.pop_front());
        }
        if self.returns_due.is_some_and(|due| due <= now) {
            requests.extend(self.take_returns());
        }
        (requests, total.min(BACKLOG_WEIGHT_MAX))
    }
}
