//! What clients send and what they are answered, as it changes the book.

use jiff::Timestamp;
use serde_json::Value;

use super::book::Book;
use super::job::{Entry, Status};
use super::plan::Plan;
use crate::ledger::Held;

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
        // Somebody may have fetched it before its answer came.
        if entry.status == Status::PushSent {
            entry.status = Status::Waiting;
        }
        if entry.plan.unique.is_some() {
            self.took_lock(jid);
        }
    }

    pub(super) fn push_refused(&mut self, jid: &str, error: &str) {
        self.backlog = self.backlog.saturating_sub(1);
        let entry = self.entry(jid);
        let is_unique = entry.plan.unique.is_some();
        let status = std::mem::replace(&mut entry.status, Status::Absent);
        if status != Status::PushSent {
            self.violate(format!("{jid} was fetched, though its push was refused"));
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
        let Some(entry) = self.jobs.get(&jid) else {
            let finished = self.finished.contains(&jid);
            self.violate(format!("{jid} was fetched; done with long ago: {finished}"));
            return None;
        };
        let queue = entry.plan.queue;
        let fault = match entry.status {
            _ if !self.expiries_lifted && entry.must_have_expired(sent_at) => {
                Some("though its time is over")
            }
            Status::PushSent | Status::Waiting | Status::RequeueSent => None,
            Status::FailSent if entry.plan.retry != 0 => None,
            _ => Some("though it is reserved or no more"),
        };
        if let Some(fault) = fault {
            let (status, fails) = (entry.status, entry.fails);
            self.violate(format!(
                "{jid} was fetched {fault} ({status:?}, {fails} failures)"
            ));
            return None;
        }
        let has_failed = entry.status == Status::FailSent;
        if let Some(fault) = entry.content_fault(job) {
            self.violate(fault);
        }
        if has_failed {
            self.failed(&jid);
        }
        self.compare_failures(&jid, job);
        self.called_back(&jid);
        self.runs(&jid, queue, wid);
        self.backlog = self.backlog.saturating_sub(1);
        let now = Timestamp::now();
        let entry = self.entry(&jid);
        entry.status = Status::Held;
        entry.execution += 1;
        entry.known_since.get_or_insert(now);
        if entry.unlocks_at_start() {
            entry.lock_free_since = Some(now);
        }
        Some(entry.held())
    }

    /// The failures a job carries must be those that were acknowledged.
    fn compare_failures(&mut self, jid: &str, job: &Value) {
        let count = job["failure"]["retry_count"].as_u64();
        let carried = count.map_or(0, |count| count + 1);
        let entry = self.entry(jid);
        let (min, max) = (entry.fails, entry.fails + u64::from(entry.fail_unknown));
        entry.fail_unknown = false;
        entry.fails = carried;
        if !(min..=max).contains(&carried) {
            self.violate(format!(
                "{jid} carries {carried} failures, but {min} to {max} were reported"
            ));
        }
    }

    /// An ACK, a FAIL or a REQUEUE is about to be sent by whoever has the job.
    pub(super) fn end_sent(&mut self, jid: &str, status: Status) {
        self.throttles.lets_go(jid);
        let entry = self.entry(jid);
        entry.status = status;
        // What comes back to its queue takes the lock again.
        if entry.unlocks_at_start() && status != Status::AckSent {
            entry.lock_free_since = None;
        }
    }

    pub(super) fn acknowledged(&mut self, jid: &str) {
        let entry = self.entry(jid);
        entry.status = Status::Done;
        entry.lock_free_since.get_or_insert(Timestamp::now());
    }

    pub(super) fn fail_acknowledged(&mut self, held: &Held) {
        let entry = self.entry(&held.jid);
        // It may have been fetched again before the answer came; then the failure is counted already.
        if entry.execution == held.execution && entry.status == Status::FailSent {
            self.failed(&held.jid);
        }
    }

    pub(super) fn failed(&mut self, jid: &str) {
        let entry = self.entry(jid);
        entry.fails += 1;
        entry.status = if entry.plan.retry == 0 {
            Status::Failed
        } else {
            Status::Waiting
        };
        self.backlog += 1;
    }

    pub(super) fn requeue_acknowledged(&mut self, held: &Held) {
        let entry = self.entry(&held.jid);
        if entry.execution == held.execution && entry.status == Status::RequeueSent {
            entry.status = Status::Waiting;
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
