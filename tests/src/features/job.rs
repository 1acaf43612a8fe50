//! One job of the book, and what may be true of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::plan::Plan;
use crate::ledger::Held;

/// How far the server's clock may be from that of its clients.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_millis(20);

/// Where a job is, as far as its clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Status {
    /// Its push has no answer (yet): it may exist.
    PushSent,
    /// It never came to be.
    Absent,
    /// In a queue, scheduled or in retries; or dropped, if its time is over. A callback may not have been pushed yet.
    Waiting,
    /// Reserved for a client that knows it.
    Held,
    /// Reserved, or done: the ACK has no answer (yet).
    AckSent,
    /// Reserved, or failed: the FAIL has no answer (yet).
    FailSent,
    /// Reserved, or back in its queue: the REQUEUE has no answer (yet).
    RequeueSent,
    Done,
    /// It failed without a retry.
    Failed,
    /// Its time was over before it ran.
    Expired,
}

/// How much a job adds to `total`, `pending` and `failed` of its batch.
pub(super) type Counts = (u64, u64, u64);

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) plan: Plan,
    pub(super) status: Status,
    /// When its push was sent, and when it had been done for certain.
    pub(super) sent_at: Timestamp,
    pub(super) pushed_by: Option<Timestamp>,
    /// Since when it is known to exist.
    pub(super) known_since: Option<Timestamp>,
    /// Since when it does not hold its lock for certain, before its time is over.
    pub(super) lock_free_since: Option<Timestamp>,
    pub(super) execution: u32,
    /// Failures that are certain.
    pub(super) fails: u64,
    /// One more failure, or none: a FAIL without an answer, and then a FETCH without one.
    pub(super) fail_unknown: bool,
}

impl Entry {
    pub(super) fn new(plan: Plan, status: Status) -> Self {
        Self {
            plan,
            status,
            sent_at: Timestamp::now(),
            pushed_by: None,
            known_since: None,
            lock_free_since: None,
            execution: 0,
            fails: 0,
            fail_unknown: false,
        }
    }

    pub(super) fn held(&self) -> Held {
        Held {
            jid: self.plan.jid.clone(),
            execution: self.execution,
        }
    }

    /// Whether nothing can happen to it any more.
    pub(super) fn is_over(&self) -> bool {
        matches!(
            self.status,
            Status::Absent | Status::Done | Status::Failed | Status::Expired
        )
    }

    /// Whether the server may have dropped it by now.
    pub(super) fn may_have_expired(&self) -> bool {
        let is_loose = matches!(
            self.status,
            Status::PushSent | Status::Waiting | Status::FailSent | Status::RequeueSent
        );
        let ends_at = self.plan.expires_at;
        is_loose && ends_at.is_some_and(|at| Timestamp::now() + CLOCK_SLACK >= at)
    }

    /// Whether the server must not hand it out to a FETCH that was sent at this time.
    pub(super) fn must_have_expired(&self, fetch_sent_at: Timestamp) -> bool {
        let ends_at = self.plan.expires_at;
        ends_at.is_some_and(|at| fetch_sent_at > at + CLOCK_SLACK)
    }

    /// What it may add to the counts of its batch.
    pub(super) fn counts(&self) -> Vec<Counts> {
        const NONE: Counts = (0, 0, 0);
        const PENDING: Counts = (1, 1, 0);
        const FAILED: Counts = (1, 0, 1);
        const DONE: Counts = (1, 0, 0);
        let alive = if self.fails > 0 { FAILED } else { PENDING };
        let mut counts = match self.status {
            Status::PushSent => vec![NONE, PENDING],
            Status::Absent => vec![NONE],
            Status::Waiting | Status::Held | Status::RequeueSent => vec![alive],
            Status::AckSent => vec![alive, DONE],
            Status::FailSent => vec![alive, FAILED],
            Status::Done | Status::Expired => vec![DONE],
            Status::Failed => vec![FAILED],
        };
        if self.fail_unknown {
            counts.push(FAILED);
        }
        if self.may_have_expired() {
            counts.push(DONE);
        }
        counts
    }

    /// What TRACK GET may say of it.
    pub(super) fn track_states(&self, any_may_be_reserved: bool) -> Vec<&'static str> {
        let mut states = match self.status {
            Status::PushSent => vec!["unknown", "enqueued"],
            Status::Absent => vec!["unknown"],
            Status::Waiting if self.fails > 0 || self.fail_unknown => vec!["enqueued", "failed"],
            Status::Waiting => vec!["enqueued"],
            Status::Held => vec!["working"],
            Status::AckSent => vec!["working", "success"],
            Status::FailSent => vec!["working", "failed", "enqueued"],
            Status::RequeueSent => vec!["working", "enqueued"],
            Status::Done => vec!["success"],
            Status::Failed => vec!["failed"],
            Status::Expired => vec!["unknown"],
        };
        if any_may_be_reserved && matches!(self.status, Status::PushSent | Status::Waiting) {
            states.push("working");
        }
        if self.may_have_expired() {
            states.push("unknown");
        }
        states
    }

    /// What is wrong with the content of a job as it was fetched.
    pub(super) fn content_fault(&self, job: &Value) -> Option<String> {
        let is_intact = job["args"][0] == self.plan.argument()
            && job["queue"] == self.plan.queue
            && job["retry"] == self.plan.retry;
        (!is_intact).then(|| format!("{} came back changed: {job:.300}", self.plan.jid))
    }
}
