//! The jobs that were pushed and not fetched.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use serde::Deserialize;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep, timeout_at};
use workmill_proto::Timestamp;

use super::timetable::Timetable;
use crate::clock::now;

/// How long a FETCH waits for a job, as in the server this one is compared with.
const FETCH_WAIT: Duration = Duration::from_millis(1900);

/// One FIFO for all queues, shared by all connections.
#[derive(Debug, Default)]
pub(super) struct Fifo {
    jobs: Mutex<VecDeque<Bytes>>,
    pushed: Notify,
    timetable: Timetable,
    commands: AtomicU64,
}

/// The part of a job that says where it goes.
#[derive(Debug, Deserialize)]
#[serde(default)]
struct Named {
    queue: String,
}

impl Default for Named {
    fn default() -> Self {
        Self {
            queue: "default".to_owned(),
        }
    }
}

impl Fifo {
    fn jobs(&self) -> MutexGuard<'_, VecDeque<Bytes>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes a job in: it goes to the end and wakes one FETCH that waits, or does so when its time comes.
    pub(super) fn push(self: &Arc<Self>, job: Bytes) {
        if let Some(at) = self.timetable.time_of(&job) {
            if self.timetable.add(at, job) {
                tokio::spawn(Arc::clone(self).promote(at));
            }
            return;
        }
        self.jobs().push_back(job);
        self.pushed.notify_one();
    }

    /// Appends all jobs of a moment when it comes.
    async fn promote(self: Arc<Self>, at: Timestamp) {
        sleep(at.since(now())).await;
        let due = self.timetable.take(at);
        self.jobs().extend(due);
        self.pushed.notify_waiters();
    }

    /// Takes the oldest job, if there is one.
    pub(super) fn pop(&self) -> Option<Bytes> {
        self.jobs().pop_front()
    }

    /// Takes the oldest job; waits for one for a while.
    pub(super) async fn pop_or_wait(&self) -> Option<Bytes> {
        let deadline = Instant::now() + FETCH_WAIT;
        loop {
            let mut pushed = pin!(self.pushed.notified());
            // From here on a push is noticed, even one that comes before the wait begins.
            pushed.as_mut().enable();
            if let Some(job) = self.pop() {
                return Some(job);
            }
            if timeout_at(deadline, pushed).await.is_err() {
                return None;
            }
        }
    }

    /// Forgets all jobs that wait to be fetched.
    pub(super) fn clear(&self) {
        self.jobs().clear();
    }

    /// Forgets all jobs that wait for their time.
    pub(super) fn clear_scheduled(&self) {
        self.timetable.clear();
    }

    /// How many jobs wait for their time.
    pub(super) fn scheduled(&self) -> usize {
        self.timetable.len()
    }

    /// The queue that its oldest job names: whoever asks how many jobs wait asks for a queue.
    pub(super) fn queue(&self) -> String {
        let oldest = self.jobs().front().cloned().unwrap_or_default();
        let named: Named = serde_json::from_slice(&oldest).unwrap_or_default();
        named.queue
    }

    /// How many jobs wait to be fetched.
    pub(super) fn len(&self) -> usize {
        self.jobs().len()
    }

    /// Counts a command and returns how many there were, this one included.
    pub(super) fn count_command(&self) -> u64 {
        self.commands.fetch_add(1, Ordering::Relaxed) + 1
    }
}
