//! What clients know of their jobs: what they sent, and what was acknowledged.
//!
//! Whatever had no answer when the server died is *unknown*: it may have happened or not, and both are right.
//! Everything else is certain, and a server that shows something else has broken its promise. What it broke is
//! noted as a violation; the caller decides what that means.
//!
//! Clients call a `*_sent` method before they send a command and one for its answer afterwards, so that what
//! is in flight is known to all.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard};

use serde_json::{Value, json};

use crate::course::{Held, Status};
use crate::instant::instant_in;
use crate::ledger_job::Entry;
use crate::violations::Violations;

/// What a job is to be like.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobPlan {
    /// Its id.
    pub jid: String,
    /// Its queue.
    pub queue: String,
    /// Its `retry`.
    pub retry: i64,
    /// Whether it is to be run a second later.
    pub scheduled: bool,
    /// Whether it is tried again at once after its first failure and a second after later ones, or when the server thinks fit.
    pub hasty: bool,
    /// How large its argument is, in bytes.
    pub filler_bytes: usize,
}

/// How much was compared. A test that compared nothing proves nothing.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    /// Jobs whose PUSH was acknowledged and that were found, or done.
    pub pushes_kept: u64,
    /// Jobs whose push had no answer.
    pub pushes_unknown: u64,
    /// Jobs whose push was refused and that were not found.
    pub pushes_refused: u64,
    /// Executions whose ACK was acknowledged and that did not come back.
    pub acks_kept: u64,
    /// ACKs that had no answer.
    pub acks_unknown: u64,
    /// Failures that were acknowledged and that the job still carried, or died of.
    pub fails_kept: u64,
    /// FAILs that had no answer.
    pub fails_unknown: u64,
    /// Reservations that outlived the server.
    pub reservations_kept: u64,
    /// FETCHes that had no answer.
    pub fetches_unknown: u64,
    /// Commands that were refused because of a fault that is part of the test.
    pub commands_refused: u64,
    /// Numbers of INFO that were compared.
    pub numbers: u64,
}

/// The ledger of all clients of one server.
#[derive(Debug, Default)]
pub struct Ledger {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
pub(crate) struct State {
    /// Jobs since the last audit.
    pub(crate) jobs: HashMap<String, Entry>,
    /// Jobs that are no more, by the last audit.
    pub(crate) finished: HashSet<String>,
    /// Jobs pushed and not fetched since the last audit, about.
    pub(crate) backlog: usize,
    /// FETCHes without an answer since the last audit: each may have reserved any job that waits.
    pub(crate) fetches_unknown: u64,
    /// Executions that are known to have ended.
    pub(crate) processed: u64,
    /// Those that are known to have ended badly.
    pub(crate) failures: u64,
    pub(crate) checked: Checked,
    pub(crate) violations: Violations,
}

impl JobPlan {
    /// The job as it is pushed.
    pub fn to_json(&self) -> Value {
        let mut job = json!({
            "jid": self.jid, "queue": self.queue, "jobtype": "Crash", "retry": self.retry,
            "args": [self.jid, "x".repeat(self.filler_bytes)],
        });
        if self.scheduled {
            job["at"] = json!(instant_in(1));
        }
        if self.hasty {
            job["custom"] = json!({"retry_delays": [0, 1]});
        }
        job
    }
}

impl Ledger {
    pub(crate) fn state(&self) -> MutexGuard<'_, State> {
        self.state
            .lock()
            .expect("no client panics with the ledger in its hands")
    }

    /// What was broken so far.
    pub fn violations(&self) -> Vec<String> {
        self.state().violations.all().to_vec()
    }

    /// Panics if anything was broken.
    pub fn assert_kept(&self, context: &str) {
        let violations = self.state().violations.clone();
        violations.assert_none(context);
    }

    /// How much was compared so far.
    pub fn checked(&self) -> Checked {
        self.state().checked
    }

    /// How many jobs wait to be fetched, about.
    pub fn backlog(&self) -> usize {
        self.state().backlog
    }

    /// Jobs are about to be pushed.
    pub fn push_sent(&self, plans: &[JobPlan]) {
        let mut state = self.state();
        state.backlog += plans.len();
        for plan in plans {
            let earlier = state
                .jobs
                .insert(plan.jid.clone(), Entry::new(plan.clone()));
            assert!(
                earlier.is_none(),
                "job ids are used once, but {} twice",
                plan.jid
            );
        }
    }

    /// A push was acknowledged.
    pub fn push_acknowledged(&self, jid: &str) {
        let mut state = self.state();
        let entry = state.entry(jid);
        entry.push_acknowledged = true;
        entry.course.push_accepted();
    }

    /// A push was refused: the job must not exist.
    pub fn push_refused(&self, jid: &str) {
        let mut state = self.state();
        if let Err(fault) = state.entry(jid).course.push_refused() {
            state.violate(fault);
        }
        state.backlog = state.backlog.saturating_sub(1);
        state.checked.pushes_refused += 1;
    }

    /// A FETCH had no answer.
    pub fn fetch_unknown(&self) {
        let mut state = self.state();
        state.fetches_unknown += 1;
        state.checked.fetches_unknown += 1;
    }

    /// A job was fetched. None if the server must not have handed it out.
    pub fn fetched(&self, job: &Value) -> Option<Held> {
        self.state().fetched(job)
    }

    /// An ACK is about to be sent.
    pub fn ack_sent(&self, held: &Held) {
        self.state().entry(&held.jid).course.status = Status::AckSent;
    }

    /// An ACK was acknowledged.
    pub fn ack_acknowledged(&self, held: &Held) {
        let mut state = self.state();
        state.acknowledged(&held.jid);
        state.checked.acks_kept += 1;
    }

    /// An ACK or a FAIL was refused: it had no effect.
    pub fn end_refused(&self, held: &Held) {
        let mut state = self.state();
        let course = &mut state.entry(&held.jid).course;
        if course.held() == *held {
            course.status = Status::Held;
        }
    }

    /// A FAIL is about to be sent.
    pub fn fail_sent(&self, held: &Held) {
        self.state().entry(&held.jid).course.status = Status::FailSent;
    }

    /// A FAIL was acknowledged.
    pub fn fail_acknowledged(&self, held: &Held) {
        let mut state = self.state();
        if state.entry(&held.jid).course.awaits(held, Status::FailSent) {
            state.failed(&held.jid);
        }
    }

    /// A reservation that the ledger is certain of is not there.
    pub fn reservation_missing(&self, held: &Held, answer: &str) {
        let jid = &held.jid;
        self.state().violate(format!(
            "the reservation of {jid} is lost: FAIL said {answer}"
        ));
    }

    /// The answer to a command was none that it may have.
    pub fn misanswered(&self, command: &str, answer: &str) {
        self.state()
            .violate(format!("{command} was answered {answer}"));
    }

    /// A command was refused because of a fault that is part of the test.
    pub fn command_refused(&self) {
        self.state().checked.commands_refused += 1;
    }

    /// Clients that do not write into the ledger have acknowledged this many jobs of their own, and left none.
    pub fn others_acknowledged(&self, jobs: u64) {
        self.state().processed += jobs;
    }

    /// Jobs in the hands of clients that are gone: reserved for certain, and those whose ACK had no answer.
    pub fn orphans(&self) -> (Vec<Held>, Vec<Held>) {
        let state = self.state();
        let with = |status: Status| {
            let mut held: Vec<_> = state
                .jobs
                .values()
                .filter(|entry| entry.course.status == status)
                .map(|entry| entry.course.held())
                .collect();
            // The order of a map differs from run to run; what a seed decides must not.
            held.sort_by(|a, b| a.jid.cmp(&b.jid));
            held
        };
        (with(Status::Held), with(Status::AckSent))
    }

    /// Something was broken.
    pub(crate) fn violate(&self, what: String) {
        self.state().violate(what);
    }
}
