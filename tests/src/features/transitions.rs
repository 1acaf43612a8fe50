//! What clients send and what they are answered, as it changes the book.

use jiff::Timestamp;
use serde_json::Value;

use super::book::Book;
use super::job::{Entry, Status};
use super::plan::Plan;
use crate::course::Held;

impl Book {
    /// Jobs are about to be pushed.
    pub(super) fn push_sent(&mut self, plans: &[Plan]) {
        self.backlog += plans.len();
        for plan in plans {
            let jid = plan.jid.as_str();
            if let Some(unique) = &plan.unique {
                self.contend(jid, &unique.key);
            }
            if let Some(member) = &plan.member {
                self.batch(&member.batch).members.push(jid.to_owned());
            }
            let entry = Entry::new(plan.clone(), Status::PushSent);
            let earlier = self.jobs.insert(jid.to_owned(), entry);
            assert!(earlier.is_none(), "job ids are used once, but {jid} twice");
        }
    }

    pub(super) fn push_accepted(&mut self, jid: &str) {
        let entry = self.entry(jid);
        let now = Timestamp::now();
        entry.pushed_by = Some(now);
        entry.known_since.get_or_insert(now);
        entry.course.push_accepted();
        if entry.plan.unique.is_some() {
            self.took_lock(jid);
        }
    }

    pub(super) fn push_refused(&mut self, jid: &str, error: &str) {
        self.backlog = self.backlog.saturating_sub(1);
        let entry = self.entry(jid);
        let is_unique = entry.plan.unique.is_some();
        if let Err(fault) = entry.course.push_refused() {
            self.violate(fault);
        }
        if is_unique && error.starts_with("NOTUNIQUE ") {
            self.was_locked_out(jid);
        } else {
            self.violate(format!("the push of {jid} was answered {error}"));
        }
    }

    /// A job was fetched, by a FETCH that was sent at this time. None if the server must not have handed it out.
    pub(super) fn fetched(&mut self, job: &Value, wid: &str, sent_at: Timestamp) -> Option<Held> {
        let jid = job["jid"].as_str().expect("a job has a jid").to_owned();
        let is_lifted = self.expiries_lifted;
        let Some(entry) = self.jobs.get_mut(&jid) else {
            let finished = self.finished.contains(&jid);
            self.violate(format!("{jid} was fetched; done with long ago: {finished}"));
            return None;
        };
        let queue = entry.plan.queue;
        let fetched = match !is_lifted && entry.must_have_expired(sent_at) {
            true => Err(entry.course.refusal("though its time is over")),
            false => entry.course.fetched(),
        };
        let has_failed = match fetched {
            Ok(has_failed) => has_failed,
            Err(fault) => {
                self.violate(fault);
                return None;
            }
        };
        let faults = [entry.content_fault(job), entry.course.carries(job).err()];
        for fault in faults.into_iter().flatten() {
            self.violate(fault);
        }
        self.called_back(&jid);
        self.runs(&jid, queue, wid);
        if !has_failed {
            self.backlog = self.backlog.saturating_sub(1);
        }
        let now = Timestamp::now();
        let entry = self.entry(&jid);
        entry.known_since.get_or_insert(now);
        if entry.unlocks_at_start() {
            entry.lock_free_since = Some(now);
        }
        Some(entry.course.held())
    }

    /// An ACK, a FAIL or a REQUEUE is about to be sent by whoever has the job.
    pub(super) fn end_sent(&mut self, jid: &str, status: Status) {
        self.throttles.lets_go(jid);
        let entry = self.entry(jid);
        entry.course.status = status;
        // What comes back to its queue takes the lock again.
        if entry.unlocks_at_start() && status != Status::AckSent {
            entry.lock_free_since = None;
        }
    }

    pub(super) fn acknowledged(&mut self, jid: &str) {
        let entry = self.entry(jid);
        entry.course.status = Status::Done;
        entry.lock_free_since.get_or_insert(Timestamp::now());
    }

    pub(super) fn fail_acknowledged(&mut self, held: &Held) {
        if self.entry(&held.jid).course.awaits(held, Status::FailSent) {
            self.failed(&held.jid);
        }
    }

    pub(super) fn failed(&mut self, jid: &str) {
        self.entry(jid).course.failed();
        self.backlog += 1;
    }

    pub(super) fn requeue_acknowledged(&mut self, held: &Held) {
        let course = &mut self.entry(&held.jid).course;
        if course.awaits(held, Status::RequeueSent) {
            course.status = Status::Waiting;
            self.backlog += 1;
        }
    }
}

impl Entry {
    /// Whether it gives its lock back when it is handed out.
    pub(super) fn unlocks_at_start(&self) -> bool {
        self.plan
            .unique
            .as_ref()
            .is_some_and(|unique| unique.until_start)
    }
}
