//! One job of the ledger, and what its course adds to the counters.

use serde_json::Value;

use crate::course::{Course, Held, Status};
use crate::ledger::{JobPlan, State};

#[derive(Clone, Debug)]
pub(crate) struct Entry {
    pub(crate) plan: JobPlan,
    pub(crate) course: Course,
    pub(crate) push_acknowledged: bool,
}

impl Entry {
    pub(crate) fn new(plan: JobPlan) -> Self {
        Self {
            course: Course::new(&plan.jid, plan.retry, Status::PushSent),
            plan,
            push_acknowledged: false,
        }
    }

    /// Whether the job exists for certain, and whether it may.
    pub(crate) fn presence(&self) -> (bool, bool) {
        match self.course.status {
            Status::PushSent | Status::AckSent => (false, true),
            status if status.is_over() => (false, false),
            Status::FailSent => (self.plan.retry != 0, true),
            _ => (true, true),
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
        self.entry(jid).course.status = Status::Done;
        self.processed += 1;
    }

    /// The execution a client had in its hands, or that nobody knew of, has failed.
    pub(crate) fn failed(&mut self, jid: &str) {
        self.entry(jid).course.failed();
        self.note_failures(1);
    }

    pub(crate) fn fetched(&mut self, job: &Value) -> Option<Held> {
        let Some(jid) = job["jid"].as_str().map(str::to_owned) else {
            self.violate(format!("a job without an id was fetched: {job:.300}"));
            return None;
        };
        let Some(entry) = self.jobs.get_mut(&jid) else {
            let what = if self.finished.contains(&jid) {
                "which was done with long ago"
            } else {
                "which nobody has pushed"
            };
            self.violate(format!("{jid} was fetched, {what}"));
            return None;
        };
        let content_fault = entry.content_fault(job);
        let has_failed = match entry.course.fetched() {
            Ok(has_failed) => has_failed,
            Err(fault) => {
                self.violate(fault);
                return None;
            }
        };
        let (carried, held) = (entry.course.carries(job), entry.course.held());
        self.note_failures(u64::from(has_failed));
        match carried {
            Ok((carried, noticed)) => {
                self.note_failures(noticed);
                self.checked.fails_kept += carried;
            }
            Err(fault) => self.violate(fault),
        }
        if let Some(fault) = content_fault {
            self.violate(fault);
        }
        self.backlog = self.backlog.saturating_sub(1);
        Some(held)
    }

    pub(crate) fn note_failures(&mut self, failures: u64) {
        self.processed += failures;
        self.failures += failures;
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::ledger::{JobPlan, Ledger};

    /// A ledger of one job, which was fetched, and whose FAIL has no answer; and that job as it is fetched again.
    fn with_a_fail_in_doubt() -> (Ledger, Value) {
        let plan = JobPlan {
            jid: "j".to_owned(),
            queue: "q".to_owned(),
            retry: 3,
            scheduled: false,
            hasty: true,
            filler_bytes: 1,
        };
        let mut job = plan.to_json();
        let ledger = Ledger::default();
        ledger.push_sent(&[plan]);
        ledger.push_acknowledged("j");
        let held = ledger.fetched(&job).expect("it waits");
        ledger.fail_sent(&held);
        job["failure"] = json!({"retry_count": 0});
        (ledger, job)
    }

    fn counted(ledger: &Ledger) -> (u64, u64, u64) {
        let state = ledger.state();
        (state.processed, state.failures, state.checked.fails_kept)
    }

    #[test]
    fn a_job_that_comes_back_after_a_fail_without_an_answer_is_counted_as_failed() {
        let (ledger, again) = with_a_fail_in_doubt();
        assert_eq!(counted(&ledger), (0, 0, 0));
        let held = ledger.fetched(&again).expect("it is retried");
        ledger.assert_kept("fetched again");
        assert_eq!((held.execution, counted(&ledger)), (2, (1, 1, 1)));
    }

    #[test]
    fn a_job_that_comes_back_without_its_failure_is_a_violation() {
        let (ledger, mut again) = with_a_fail_in_doubt();
        again["failure"] = Value::Null;
        ledger.fetched(&again).expect("it is retried");
        let violations = ledger.violations();
        assert!(
            violations[0].contains("carries 0 failures"),
            "{violations:?}"
        );
    }
}
