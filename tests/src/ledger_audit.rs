//! The audit: what a server shows, compared with the ledger, job by job.
//!
//! It runs without faults and without other clients, and empties the server: afterwards every job of the
//! ledger is accounted for, and every unknown outcome is resolved by what was found.

use serde_json::{Value, json};

use crate::client::Client;
use crate::course::{Held, Status};
use crate::ledger::Ledger;
use crate::ledger_job::Entry;
use crate::ledger_sizes::Sizes;
use crate::reply::Reply;

/// Commands sent before their replies are read.
const PIPELINED: usize = 200;

/// FETCHes sent before their replies are read: one that finds nothing costs two seconds.
const FETCHES_PIPELINED: usize = 20;

/// Where the jobs come from that an audit drains, in the order it does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Source {
    /// The queues. What was due in the sets may be there too.
    Queues,
    /// The scheduled set, and what was due in retries.
    Scheduled,
    Retries,
    Dead,
}

impl Source {
    const ALL: [Self; 4] = [Self::Queues, Self::Scheduled, Self::Retries, Self::Dead];

    fn set_name(self) -> Option<&'static str> {
        match self {
            Self::Queues => None,
            Self::Scheduled => Some("scheduled"),
            Self::Retries => Some("retries"),
            Self::Dead => Some("dead"),
        }
    }

    fn may_hold(self, entry: &Entry) -> bool {
        let fails = i64::try_from(entry.course.fails).unwrap_or(i64::MAX);
        match self {
            Self::Queues => true,
            Self::Scheduled => entry.plan.scheduled || fails > 0,
            Self::Retries => fails > 0 && fails <= entry.plan.retry,
            Self::Dead => fails > 0 && fails > entry.plan.retry,
        }
    }
}

impl Ledger {
    /// Checks at the end of a run whose clients' server has lived that nothing was broken, that every command was answered, and
    /// that there were many.
    pub fn assert_all_answered_and_kept(&self, client: &mut Client, context: &str) {
        self.check_info(client);
        self.audit(client);
        self.assert_kept(context);
        let checked = self.checked();
        println!("{checked:?}");
        let unknown = [
            checked.pushes_unknown,
            checked.acks_unknown,
            checked.fails_unknown,
        ];
        assert_eq!(unknown, [0; 3], "a client was not answered");
        assert!(
            checked.pushes_kept >= 100 && checked.acks_kept >= 50,
            "{checked:?}"
        );
    }

    /// Finds every job and finishes it. Waits until nobody else is connected: a client that left while it waited for a job
    /// may have been given one, which goes back to its queue before its connection is counted as ended.
    pub fn audit(&self, client: &mut Client) {
        client.wait_for_info(|info| info["server"]["connections"] == 1);
        let sizes = Sizes::of(&client.info());
        self.compare_sizes(&sizes);
        let dropped = self.end_reservations(client, sizes.working());
        let mut found = dropped;
        for source in Source::ALL {
            if let Some(set) = source.set_name() {
                client.ok(format!(
                    "MUTATE {}",
                    json!({"cmd": "requeue", "target": set})
                ));
            }
            found += self.drain(client, source);
        }
        if found != sizes.total() {
            self.violate(format!(
                "INFO counted {} jobs, but {found} were found",
                sizes.total()
            ));
        }
        self.close_books(&Sizes::of(&client.info()));
    }

    /// Fails every job that may be reserved, and resolves what was unknown of ACKs and FAILs. Returns how many
    /// jobs are no more because they must not be retried.
    fn end_reservations(&self, client: &mut Client, working: u64) -> u64 {
        let candidates = self.reservation_candidates();
        let (mut found, mut dropped) = (0, 0);
        for chunk in candidates.chunks(PIPELINED) {
            for (jid, _) in chunk {
                client.send(format!("FAIL {}", json!({"jid": jid, "errtype": "Audit"})));
            }
            for (jid, status) in chunk {
                let is_reserved = match client.read_reply() {
                    Reply::Error(text) if text.contains("Job not found") => false,
                    reply => {
                        if !reply.is_ok() {
                            self.misanswered("FAIL", &format!("{reply:?}"));
                        }
                        reply.is_ok()
                    }
                };
                found += u64::from(is_reserved);
                dropped += u64::from(self.resolve_reservation(jid, *status, is_reserved));
            }
        }
        if found != working {
            self.violate(format!(
                "INFO counted {working} reservations, but {found} could be ended"
            ));
        }
        dropped
    }

    /// Jobs that are, or may be, reserved.
    fn reservation_candidates(&self) -> Vec<(String, Status)> {
        let state = self.state();
        let any_may_be = state.fetches_unknown > 0;
        let is_candidate = |status: Status| match status {
            Status::Held | Status::AckSent | Status::FailSent => true,
            Status::PushSent | Status::Waiting => any_may_be,
            _ => false,
        };
        let jobs = state
            .jobs
            .iter()
            .filter(|(_, entry)| is_candidate(entry.course.status));
        jobs.map(|(jid, entry)| (jid.clone(), entry.course.status))
            .collect()
    }

    /// Takes note that a job was reserved, and has failed now, or was not. Tells whether it is no more.
    fn resolve_reservation(&self, jid: &str, status: Status, is_reserved: bool) -> bool {
        let mut state = self.state();
        state.checked.acks_unknown += u64::from(status == Status::AckSent);
        state.checked.fails_unknown += u64::from(status == Status::FailSent);
        state.checked.reservations_kept += u64::from(status == Status::Held && is_reserved);
        let is_taken_again = state.fetches_unknown > 0;
        if is_reserved && matches!(status, Status::PushSent | Status::Waiting) {
            // A FETCH without an answer took it, and each took one at most.
            if state.fetches_unknown == 0 {
                state.violate(format!("{jid} is reserved, though nobody fetched it"));
            }
            state.fetches_unknown = state.fetches_unknown.saturating_sub(1);
        }
        state.entry(jid).course.resolve(is_reserved, is_taken_again);
        match (status, is_reserved) {
            // The audit's own FAIL.
            (_, true) => state.failed(jid),
            (Status::AckSent, false) => state.processed += 1,
            (Status::FailSent, false) => state.note_failures(1),
            (Status::Held, false) => {
                state.violate(format!("the reservation of {jid} is lost"));
                state.entry(jid).course.status = Status::Absent;
            }
            _ => {}
        }
        is_reserved && state.entry(jid).course.status == Status::Failed
    }

    /// Fetches and acknowledges what is in the queues, as often as INFO says that there is something.
    fn drain(&self, client: &mut Client, source: Source) -> u64 {
        let mut drained = 0;
        loop {
            let sizes = Sizes::of(&client.info());
            if sizes.queues.values().sum::<u64>() == 0 {
                return drained;
            }
            for (queue, size) in &sizes.queues {
                let size = usize::try_from(*size).expect("a size fits");
                let taken = self.drain_queue(client, queue, size, source);
                drained += taken as u64;
                if taken < size {
                    self.violate(format!(
                        "INFO counted {size} jobs in {queue}, but {taken} could be fetched"
                    ));
                    return drained;
                }
            }
        }
    }

    fn drain_queue(&self, client: &mut Client, queue: &str, size: usize, source: Source) -> usize {
        let mut taken = 0;
        while taken < size {
            let wanted = FETCHES_PIPELINED.min(size - taken);
            for _ in 0..wanted {
                client.send(format!("FETCH {queue}"));
            }
            let replies: Vec<_> = (0..wanted).map(|_| client.read_reply()).collect();
            let jobs: Vec<Value> = replies
                .into_iter()
                .filter(|reply| *reply != Reply::Nil)
                .map(Reply::json)
                .collect();
            let held: Vec<_> = jobs
                .iter()
                .filter_map(|job| self.fetched_from(job, source))
                .collect();
            for job in &jobs {
                client.send(format!("ACK {}", json!({"jid": job["jid"]})));
            }
            for _ in &jobs {
                assert_eq!(client.read_reply(), Reply::ok(), "the answer to ACK");
            }
            for held in &held {
                self.state().acknowledged(&held.jid);
            }
            taken += jobs.len();
            if jobs.len() < wanted {
                break;
            }
        }
        taken
    }

    fn fetched_from(&self, job: &Value, source: Source) -> Option<Held> {
        let mut state = self.state();
        let held = state.fetched(job)?;
        let entry = state.entry(&held.jid).clone();
        if !source.may_hold(&entry) {
            let (fails, retry) = (entry.course.fails, entry.plan.retry);
            state.violate(format!(
                "{} was in {source:?} after {fails} failures with retry {retry}",
                held.jid
            ));
        }
        Some(held)
    }

    /// Everything has been found that there is.
    fn close_books(&self, sizes: &Sizes) {
        let mut state = self.state();
        let jobs = std::mem::take(&mut state.jobs);
        for (jid, entry) in &jobs {
            let course = &entry.course;
            match (entry.push_acknowledged, course.status.is_over()) {
                (true, true) => state.checked.pushes_kept += 1,
                (true, false) => {
                    let (status, fails) = (course.status, course.fails);
                    state.violate(format!("{jid} is lost ({status:?}, {fails} failures)"));
                }
                (false, _) if course.status == Status::Absent => {}
                (false, _) => state.checked.pushes_unknown += 1,
            }
        }
        state.finished.extend(jobs.into_keys());
        state.backlog = 0;
        state.fetches_unknown = 0;
        let numbers = [
            ("jobs", sizes.total(), 0),
            ("total_processed", sizes.processed, state.processed),
            ("total_failures", sizes.failures, state.failures),
        ];
        for (what, found, wanted) in numbers {
            state.checked.numbers += 1;
            if found != wanted {
                state.violate(format!(
                    "after everything was done INFO shows {found} for {what}, not {wanted}"
                ));
            }
        }
    }
}
