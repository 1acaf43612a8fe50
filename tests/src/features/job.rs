//! One job of the book, and what may be true of it.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use super::plan::Plan;
use crate::course::Course;
pub(super) use crate::course::Status;

/// How far the server's clock may be from that of its clients.
const CLOCK_SLACK: SignedDuration = SignedDuration::from_millis(20);

/// How much a job adds to `total`, `pending` and `failed` of its batch.
pub(super) type Counts = (u64, u64, u64);

#[derive(Clone, Debug)]
pub(super) struct Entry {
    pub(super) plan: Plan,
    pub(super) course: Course,
    /// When its push was sent, and when it had been done for certain.
    pub(super) sent_at: Timestamp,
    pub(super) pushed_by: Option<Timestamp>,
    /// Since when it is known to exist.
    pub(super) known_since: Option<Timestamp>,
    /// Since when it does not hold its lock for certain, before its time is over.
    pub(super) lock_free_since: Option<Timestamp>,
}

impl Entry {
    pub(super) fn new(plan: Plan, status: Status) -> Self {
        Self {
            course: Course::new(&plan.jid, plan.retry, status),
            plan,
            sent_at: Timestamp::now(),
            pushed_by: None,
            known_since: None,
            lock_free_since: None,
        }
    }

    /// Whether the server may have dropped it by now.
    pub(super) fn may_have_expired(&self) -> bool {
        let is_loose = matches!(
            self.course.status,
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
        let alive = if self.course.fails > 0 {
            FAILED
        } else {
            PENDING
        };
        let mut counts = match self.course.status {
            Status::PushSent => vec![NONE, PENDING],
            Status::Absent => vec![NONE],
            Status::Waiting | Status::Held | Status::RequeueSent => vec![alive],
            Status::AckSent => vec![alive, DONE],
            Status::FailSent => vec![alive, FAILED],
            Status::Done | Status::Expired => vec![DONE],
            Status::Failed => vec![FAILED],
        };
        if self.course.fail_unknown {
            counts.push(FAILED);
        }
        if self.may_have_expired() {
            counts.push(DONE);
        }
        counts
    }

    /// What TRACK GET may say of it.
    pub(super) fn track_states(&self, any_may_be_reserved: bool) -> Vec<&'static str> {
        let mut states = match self.course.status {
            Status::PushSent => vec!["unknown", "enqueued"],
            Status::Absent => vec!["unknown"],
            Status::Waiting if self.course.fails > 0 || self.course.fail_unknown => {
                vec!["enqueued", "failed"]
            }
            Status::Waiting => vec!["enqueued"],
            Status::Held => vec!["working"],
            Status::AckSent => vec!["working", "success"],
            Status::FailSent => vec!["working", "failed", "enqueued"],
            Status::RequeueSent => vec!["working", "enqueued"],
            Status::Done => vec!["success"],
            Status::Failed => vec!["failed"],
            Status::Expired => vec!["unknown"],
        };
        if any_may_be_reserved && matches!(self.course.status, Status::PushSent | Status::Waiting) {
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
