//! What the features ask: batches, tracks, requeueing, throttles, bulk pushes.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};
use workmill_engine::{
    BatchReport, BulkPush, Change, ChangeFilter, ChangePlaces, Fetch, Mutate, Op, Outcome, Requeue,
    Rules, ServerId, Throttle, Ticket, TrackOp,
};
use workmill_proto::{
    Command, CustomReading, Job, MutationFilter, MutationVerb, WireError, parse_command,
};
use workmill_store::{CallbackState, Place, Track};

use super::{Fetched, World};

/// Rules in which queue `q` has these limits.
pub fn throttled(limits: Throttle) -> Rules {
    Rules {
        throttles: Arc::new(BTreeMap::from([("q".to_owned(), limits)])),
        ..Rules::default()
    }
}

pub fn requeue_op(jid: &str, wid: &str) -> Op {
    Op::Requeue(Requeue {
        jid: jid.to_owned(),
        wid: wid.into(),
    })
}

/// A change to the jobs of a place.
pub fn change(verb: MutationVerb, place: Place, filter: Option<MutationFilter>) -> Change {
    Change {
        verb: verb.into(),
        places: ChangePlaces::One(place),
        filter: filter.map(ChangeFilter::Mutation),
    }
}

pub fn change_op(verb: MutationVerb, place: Place, filter: Option<MutationFilter>) -> Op {
    Op::Mutate(Mutate {
        change: Arc::new(change(verb, place, filter)),
        operation: None,
        by: None,
        progress: None,
    })
}

pub fn queue(name: &str) -> Place {
    Place::Queue(name.into())
}

pub fn working() -> Place {
    Place::Working
}

pub fn of_type(jobtype: &str) -> MutationFilter {
    MutationFilter::Jobtype(jobtype.to_owned())
}

pub fn jobs_named(jids: &[&str]) -> MutationFilter {
    MutationFilter::Jids(jids.iter().map(|jid| (*jid).to_owned()).collect())
}

/// FETCH on a connection that names no worker.
pub fn nameless_fetch(queue: &str, connection: u64) -> Op {
    Op::Fetch(Fetch {
        queues: Arc::new([queue.to_owned()]),
        wid: "".into(),
        server: ServerId::LOCAL,
        connection,
    })
}

impl World {
    /// Why a job of this id, queue and more payload members is not taken in.
    pub fn push_refused(&mut self, jid: &str, queue: &str, more: Value) -> WireError {
        let op = Op::push(self.job(jid, queue, more), self.wall(), CustomReading::ALL);
        match op.map(|op| self.run(op)) {
            Ok(Outcome::Refused(error)) | Err(error) => error,
            Ok(other) => panic!("not refused: {other:?}"),
        }
    }

    pub fn job(&self, jid: &str, queue: &str, more: Value) -> Job {
        let mut payload = json!({ "jid": jid, "queue": queue, "jobtype": "Thing", "args": [] });
        payload
            .as_object_mut()
            .unwrap()
            .extend(more.as_object().unwrap().clone());
        Job::parse(payload.to_string().as_bytes()).unwrap()
    }

    /// Pushes jobs in bulk; returns the ids and errors of those refused.
    pub fn push_bulk(&mut self, jobs: impl Iterator<Item = Job>) -> Vec<(String, WireError)> {
        let bulk = BulkPush::new(jobs.map(Ok).collect(), self.wall(), CustomReading::ALL);
        match self.run(Op::PushBulk(bulk)) {
            Outcome::Refusals(refused) => refused,
            other => panic!("{other:?}"),
        }
    }

    pub fn requeue(&mut self, jid: &str, wid: &str) {
        self.ok(requeue_op(jid, wid));
    }

    fn batch_op(&self, words: &str) -> Result<Op, WireError> {
        match parse_command(format!("BATCH {words}").as_bytes()).unwrap() {
            Command::Batch(command) => Op::batch(command, self.wall()),
            other => panic!("{other:?}"),
        }
    }

    /// Runs BATCH with these words.
    pub fn batch(&mut self, words: &str) -> Outcome {
        let op = self.batch_op(words).unwrap();
        self.run(op)
    }

    /// Runs BATCH with words that are refused; returns the text.
    pub fn batch_refused(&mut self, words: &str) -> String {
        match self.batch_op(words) {
            Ok(op) => self.refused(op),
            Err(error) => error.text,
        }
    }

    /// Makes a batch; returns its id.
    pub fn new_batch(&mut self, members: &Value) -> String {
        match self.batch(&format!("NEW {members}")) {
            Outcome::Bid(bid) => bid.to_string(),
            other => panic!("no batch: {other:?}"),
        }
    }

    /// Makes a batch with callbacks of these types, in the queue `cb`, that is part of `parent` if that is not empty.
    pub fn batch_with(&mut self, callbacks: &[&str], parent: &str) -> String {
        let mut members = json!({ "parent_bid": parent });
        for name in callbacks {
            members[name] = json!({"jobtype": name, "queue": "cb"});
        }
        self.new_batch(&members)
    }

    /// Pushes a member of a batch into the queue `q`.
    pub fn push_member(&mut self, jid: &str, bid: &str) {
        self.push(jid, "q", json!({"custom": {"bid": bid}}));
    }

    pub fn commit(&mut self, bid: &str) {
        let outcome = self.batch(&format!("COMMIT {bid}"));
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }

    pub fn adopt(&mut self, parent: &str, child: &str) {
        let outcome = self.batch(&format!("CHILD {parent} {child}"));
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }

    pub fn status(&mut self, bid: &str) -> BatchReport {
        match self.batch(&format!("STATUS {bid}")) {
            Outcome::Batch(report) => *report,
            other => panic!("no status: {other:?}"),
        }
    }

    /// How many members a batch has: total, pending, failed.
    pub fn members(&mut self, bid: &str) -> (u64, u64, u64) {
        let state = self.status(bid).state;
        (state.total, state.pending, state.failed)
    }

    /// How far the callbacks of a batch are: complete, success.
    pub fn callbacks(&mut self, bid: &str) -> (CallbackState, CallbackState) {
        let state = self.status(bid).state;
        (state.complete, state.success)
    }

    /// Fetches the callback that must be in the queue `cb`, acknowledges it and returns it.
    pub fn run_callback(&mut self) -> Value {
        let callback = self.fetch(&["cb"], "cb-worker");
        self.ack(callback.jid(), "cb-worker");
        callback.payload
    }

    /// Fetches the job at the head of the queue and acknowledges it.
    pub fn perform(&mut self, queue: &str) {
        let job = self.fetch(&[queue], "w");
        self.ack(job.jid(), "w");
    }

    /// Runs TRACK with these words for a worker.
    pub fn track(&mut self, words: &str, wid: &str) -> Outcome {
        match parse_command(format!("TRACK {words}").as_bytes()).unwrap() {
            Command::Track(command) => self.run(Op::Track(Arc::new(TrackOp {
                command,
                wid: wid.into(),
            }))),
            other => panic!("{other:?}"),
        }
    }

    /// What is known of a job.
    pub fn tracked(&mut self, jid: &str) -> Option<Track> {
        match self.track(&format!("GET {jid}"), "") {
            Outcome::Track(report) => report.track,
            other => panic!("{other:?}"),
        }
    }

    pub fn set_track(&mut self, update: &Value, wid: &str) {
        let outcome = self.track(&format!("SET {update}"), wid);
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }

    /// Starts a FETCH that must wait.
    pub fn wait(&mut self, queues: &[&str], wid: &str) -> Ticket {
        self.try_fetch(queues, wid)
            .expect_err("there is nothing for it")
    }

    /// The job that a FETCH got that waited.
    pub fn served(&mut self, waiting: Ticket) -> Fetched {
        self.take_job(waiting).expect("it is served")
    }

    /// Runs the groups that are due now; tells how many.
    pub fn settle(&mut self) -> u32 {
        let mut groups = 0;
        while self.next_deadline().is_some_and(|at| at <= self.now) {
            self.group(vec![]);
            groups += 1;
        }
        groups
    }
}
