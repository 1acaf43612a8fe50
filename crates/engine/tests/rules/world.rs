//! A small world to try rules in: a store, an engine, and a clock that only moves when told to.

mod clients;
mod clock;
mod damage;
mod features;
mod recurring;
mod sight;

pub use clients::{Fetched, fetch_op, mutate_op};
pub use features::{
    change, change_op, jobs_named, nameless_fetch, of_type, queue, requeue_op, throttled, working,
};
pub use recurring::read_utc;

use std::collections::BTreeMap;
use std::time::Duration;

use serde_json::json;
use workmill_engine::{
    Answer, Duty, Engine, Event, GroupContext, Op, Outcome, Request, Rules, Ticket,
};
use workmill_proto::Timestamp;
use workmill_store::fault::{FaultPlan, FaultStore};
use workmill_store::memory::{MemoryDisk, MemoryStore};
use workmill_store::{Store, StoreError, Tx};

pub struct World {
    disk: MemoryDisk,
    store: Option<FaultStore<MemoryStore>>,
    /// Which statements fail.
    pub faults: FaultPlan,
    engine: Engine,
    rules: Rules,
    /// What time it is: it passes on both clocks.
    pub now: Timestamp,
    /// When the server started.
    started_at: Timestamp,
    /// By how many seconds the wall clock was set since, forward or back.
    pub clock_set_secs: i64,
    /// For how long the server was frozen since it started.
    pub frozen: Duration,
    tickets: u64,
    answers: BTreeMap<Ticket, Outcome>,
    /// What committed groups told of jobs.
    pub events: Vec<Event>,
}

impl World {
    pub fn new() -> Self {
        Self::with_rules(Rules::default())
    }

    pub fn with_rules(rules: Rules) -> Self {
        let disk = MemoryDisk::default();
        let faults = FaultPlan::default();
        let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap();
        let mut world = Self {
            store: Some(open(&disk, &faults)),
            disk,
            faults,
            engine: Engine::new(rules.clone()),
            rules,
            now,
            started_at: now,
            clock_set_secs: 0,
            frozen: Duration::ZERO,
            tickets: 0,
            answers: BTreeMap::new(),
            events: Vec::new(),
        };
        // The grace of a start passes, and nothing happens.
        for secs in [10, 10, 10, 10, 10, 11] {
            world.now = world.now.plus_secs(secs);
            world.tick(Duty::KeepClocks);
        }
        world
    }

    /// With so many jobs in the queue `q`, of the types `Even` and `Odd` in turn: `job-000000`, `job-000001`, and so on.
    pub fn of_jobs(jobs: usize) -> Self {
        let mut world = Self::new();
        for index in 0..jobs {
            let jobtype = ["Even", "Odd"][index % 2];
            let jid = format!("job-{index:06}");
            world.push(&jid, "q", json!({ "jobtype": jobtype }));
        }
        world
    }

    pub fn set_rules(&mut self, rules: Rules) {
        self.rules = rules.clone();
        self.engine.set_rules(rules);
    }

    /// Runs one group and whatever it leaves unfinished; returns the tickets of its requests.
    pub fn group(&mut self, ops: Vec<Op>) -> Vec<Ticket> {
        let requests: Vec<Request> = ops
            .into_iter()
            .map(|op| {
                self.tickets += 1;
                Request {
                    ticket: Ticket(self.tickets),
                    op,
                }
            })
            .collect();
        let tickets = requests.iter().map(|request| request.ticket).collect();
        let mut requests = requests;
        loop {
            requests = self.slice(&requests);
            if requests.is_empty() {
                return tickets;
            }
        }
    }

    /// Runs one slice; returns what it leaves unfinished.
    pub fn slice(&mut self, requests: &[Request]) -> Vec<Request> {
        let result = self.try_slice(requests, true).unwrap();
        let unfinished = result.1;
        for Answer { ticket, outcome } in result.0 {
            assert!(
                self.answers.insert(ticket, outcome).is_none(),
                "{ticket:?} answered twice"
            );
        }
        unfinished
    }

    /// Runs one slice and commits it, or drops it as after a failed statement.
    pub fn try_slice(
        &mut self,
        requests: &[Request],
        commit: bool,
    ) -> Result<(Vec<Answer>, Vec<Request>), StoreError> {
        let seed = self.tickets;
        let context = GroupContext {
            wall: self.wall(),
            uptime: self.now.since(self.started_at),
            frozen: self.frozen,
            seed,
        };
        let mut tx = self.store.as_mut().unwrap().begin()?;
        let result = match self.engine.run_group(&mut tx, context, requests) {
            Ok(result) => result,
            Err(error) => {
                drop(tx);
                self.engine.rolled_back();
                return Err(error);
            }
        };
        if commit {
            if let Err(error) = tx.commit() {
                self.engine.rolled_back();
                return Err(error);
            }
            self.engine.committed();
            self.events.extend(result.events);
        } else {
            drop(tx);
            self.engine.rolled_back();
        }
        Ok((result.answers, result.unfinished))
    }

    /// An op is not run again, as it has failed by itself.
    pub fn give_up(&mut self, op: &Op, reason: &str) {
        self.engine.gave_up(op, reason, self.wall());
    }

    pub fn next_ticket(&mut self) -> Ticket {
        self.tickets += 1;
        Ticket(self.tickets)
    }

    /// The answer to a ticket, if it has come.
    pub fn answer(&mut self, ticket: Ticket) -> Option<Outcome> {
        self.answers.remove(&ticket)
    }

    /// Runs one op that is answered at once.
    pub fn run(&mut self, op: Op) -> Outcome {
        let ticket = self.group(vec![op])[0];
        self.answer(ticket).expect("the op is answered at once")
    }

    /// Runs one op that must be answered with OK.
    pub fn ok(&mut self, op: Op) {
        let outcome = self.run(op);
        assert!(matches!(outcome, Outcome::Ok), "{outcome:?}");
    }

    /// Runs one op that must be refused; returns the text.
    pub fn refused(&mut self, op: Op) -> String {
        match self.run(op) {
            Outcome::Refused(error) => error.text,
            other => panic!("not refused: {other:?}"),
        }
    }
}

fn open(disk: &MemoryDisk, faults: &FaultPlan) -> FaultStore<MemoryStore> {
    FaultStore::new(MemoryStore::open(disk), faults.clone())
}
