//! One job of the ledger, and how what clients see changes it.

use serde_json::Value;

use crate::ledger::{Held, JobPlan, State};

/// Where a job is, as far as its clients know.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Status {
    /// Its push has no answer (yet): it may exist.
    PushSent,
    /// It never came to be.
    Absent,
    /// In a queue, scheduled, in retries or dead.
    Waiting,
    /// Reserved for a client that knows it.
    Held,
    /// Reserved, or done: the ACK has no answer (yet).
    AckSent,
    /// Reserved, or failed: the FAIL has no answer (yet).
    FailSent,
    /// Done, or failed without a retry.
    Gone,
}

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) plan: JobPlan,
    pub(crate) status: Status,
    pub(crate) push_acknowledged: bool,
    pub(crate) execution: u32,
    /// Failures that are certain.
    pub(crate) fails: u64,
    /// One more failure, or none: a FAIL without an answer, after which the job was found in the hands of a
    /// client that never got it.
    pub(crate) fail_unknown: bool,
    /// How often its ACK was acknowledged, or found to have worked: 0 or 1.
    pub(crate) acks: u64,
}

impl Entry {
    pub(crate) fn new(plan: JobPlan) -> Self {
        Self {
            plan,
            status: Status::PushSent,
            push_acknowledged: false,
            execution: 0,
            fails: 0,
            fail_unknown: false,
            acks: 0,
        }
    }

    pub(crate) fn held(&self) -> Held {
        Held {
            jid: self.plan.jid.clone(),
            execution: self.execution,
        }
    }

    /// Whether the job exists for certain, and whether it may.
    pub(crate) fn presence(&self) -> (bool, bool) {
        match self.status {
            Status::PushSent | Status::AckSent => (false, true),
            Status::Absent | Status::Gone => (false, false),
            Status::Waiting | Status::Held => (true, true),
            Status::FailSent => (self.plan.retry != 0, true),
        }
    }

    /// What is wrong with the content of a job as it was fetched.
    fn content_fault(&self, job: &Value) -> Option<String> {
        let args = &job["args"];
        let is_intact = args[0] == self.plan.jid.as_str()
            && args[1]
                .as_str()
                .is_some_and(|filler| filler.len() == self.plan.filler_bytes)
            && job["queue"] == self.plan.queue.as_str()
            && job["retry"] == self.plan.retry;
        (!is_intact).then(|| format!("{} came back changed: {job:.300}", self.plan.jid))
    }
}

impl State {
    pub(crate) fn entry(&mut self, jid: &str) -> &mut Entry {
        self.jobs
            .get_mut(jid)
            .unwrap_or_else(|| panic!("a client made up the job {jid}"))
    }

    pub(crate) fn violate(&mut self, what: String) {
        self.violations.add(what);
    }

    pub(crate) fn acknowledged(&mut self, jid: &str) {
        let entry = self.entry(jid);
        entry.status = Status::Gone;
        entry.acks = 1;
        self.processed += 1;
    }

    /// The execution a client had in its hands, or that nobody knew of, has failed.
    pub(crate) fn failed(&mut self, jid: &str) {
        let entry = self.entry(jid);
        entry.fails += 1;
        entry.status = if entry.plan.retry == 0 {
            Status::Gone
        } else {
            Status::Waiting
        };
        self.processed += 1;
        self.failures += 1;
    }

    pub(crate) fn fetched(&mut self, job: &Value) -> Option<Held> {
        let Some(jid) = job["jid"].as_str().map(str::to_owned) else {
            self.violate(format!("a job without an id was fetched: {job:.300}"));
            return None;
        };
        let Some(entry) = self.jobs.get(&jid) else {
            let what = if self.finished.contains(&jid) {
                "which was done with long ago"
            } else {
                "which nobody has pushed"
            };
            self.violate(format!("{jid} was fetched, {what}"));
            return None;
        };
        let fault = match entry.status {
            Status::PushSent | Status::Waiting => None,
            Status::FailSent if entry.plan.retry != 0 => None,
            Status::FailSent => Some("though it failed and must not be retried, or is reserved"),
            Status::Absent => Some("though its push was refused, or it was found missing before"),
            Status::Held => Some("though another client has it"),
            Status::AckSent => Some("though it is done or reserved: an ACK was sent"),
            Status::Gone => Some("though its end was acknowledged"),
        };
        if let Some(fault) = fault {
            let (status, fails) = (entry.status, entry.fails);
            self.violate(format!(
                "{jid} was fetched {fault} ({status:?}, {fails} failures)"
            ));
            return None;
        }
        let failed_before = entry.status == Status::FailSent;
        if let Some(fault) = entry.content_fault(job) {
            self.violate(fault);
        }
        if failed_before {
            self.failed(&jid);
        }
        self.compare_failures(&jid, job);
        self.backlog = self.backlog.saturating_sub(1);
        let entry = self.entry(&jid);
        entry.status = Status::Held;
        entry.execution += 1;
        Some(entry.held())
    }

    /// The failures a job carries must be those that were acknowledged.
    fn compare_failures(&mut self, jid: &str, job: &Value) {
        let carried = match &job["failure"]["retry_count"] {
            Value::Null => 0,
            count => count.as_u64().map_or(0, |count| count + 1),
        };
        let entry = self.entry(jid);
        let fails = entry.fails;
        let fails_max = fails + u64::from(entry.fail_unknown);
        entry.fail_unknown = false;
        if carried == fails_max && fails_max > fails {
            entry.fails = carried;
            self.processed += 1;
            self.failures += 1;
        } else if carried != fails {
            self.violate(format!(
                "{jid} carries {carried} failures, but {fails} to {fails_max} were reported"
            ));
            return;
        }
        self.checked.fails_kept += carried;
    }
}
