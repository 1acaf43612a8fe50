//! The random ops of a program. Within a group what adds to batches comes first, so that whoever looks at the end of
//! the group sees what a batch had been waiting for.

use std::collections::BTreeSet;
use std::sync::Arc;

use rand::Rng;
use rand::seq::{IndexedRandom, IteratorRandom};
use serde_json::{Value, json};
use workmill_engine::query::Query;
use workmill_engine::{
    Ack, BatchOp, BulkPush, Care, Change, ChangeVerb, Duty, Fail, Fetch, NewBatch, NewJob, Op,
    OperationId, Requeue, ServerId,
};
use workmill_proto::{
    Bid, CustomReading, FailReport, Job, Mutation, MutationFilter, MutationVerb, QueueCommand,
    QueueSelection, SetName,
};
use workmill_store::Operator;

use super::program::Program;
use super::sight::Place;
use super::witness::FRAIL;
use crate::backing::Backing;

const QUEUES: [&str; 4] = ["a", "b", "c", "d"];
const WORKERS: [&str; 3] = ["w1", "w2", "w3"];

impl<B: Backing> Program<B> {
    pub fn acts(&mut self) -> Vec<Op> {
        match self.rng.random_range(0..20) {
            0..3 => return vec![Op::Tick(self.duty())],
            3 => return vec![self.operator()],
            _ => {}
        }
        let mut ops = Vec::new();
        for _ in 0..self.rng.random_range(0..3) {
            ops.push(self.batch());
        }
        for _ in 0..self.rng.random_range(0..3) {
            ops.push(self.push());
        }
        if self.rng.random_bool(0.3)
            && let Some(bid) = self.bid()
        {
            ops.push(Op::Batch(BatchOp::Commit(bid).into()));
        }
        ops.extend(self.workers());
        for _ in 0..self.rng.random_range(0..4) {
            let mut queues = QUEUES.map(str::to_owned).to_vec();
            queues.rotate_left(self.rng.random_range(0..4));
            ops.push(fetch(queues, WORKERS.choose(&mut self.rng).unwrap()));
        }
        ops
    }

    /// One of the latest batches.
    fn bid(&mut self) -> Option<Bid> {
        let latest = self.witness.batches.keys().rev().take(1_000);
        let mut bids: Vec<Bid> = latest.copied().collect();
        bids.sort_by_key(|bid| std::cmp::Reverse(bid.id));
        bids.into_iter().take(4).choose(&mut self.rng)
    }

    fn batch(&mut self) -> Op {
        if self.rng.random_bool(0.3)
            && let (Some(parent), Some(child)) = (self.bid(), self.bid())
        {
            return Op::Batch(BatchOp::Child { parent, child }.into());
        }
        let callback = |program: &mut Self| {
            let frail = program.rng.random_bool(0.2);
            let mut payload = program.payload("callback", frail);
            if program.rng.random_bool(0.5) {
                // Then the server makes an id.
                payload.as_object_mut().unwrap().remove("jid");
            }
            let wanted = program.rng.random_bool(0.7);
            wanted.then(|| payload.to_string().into_bytes())
        };
        let complete = callback(self);
        let new = NewBatch {
            description: String::new(),
            parent: self.bid().filter(|_| self.rng.random_bool(0.4)),
            complete,
            success: callback(self),
        };
        Op::Batch(BatchOp::New(new).into())
    }

    fn push(&mut self) -> Op {
        if self.rng.random_bool(0.8) {
            return Op::Push(Arc::new(self.new_job()));
        }
        let jobs = (0..3).map(|_| Ok(self.new_job()));
        Op::PushBulk(BulkPush {
            jobs: jobs.collect(),
            next_index: 0,
            refused: Vec::new(),
        })
    }

    fn new_job(&mut self) -> NewJob {
        let frail = self.rng.random_bool(0.15);
        let mut payload = self.payload(if frail { FRAIL } else { "solid" }, frail);
        let custom = &mut payload["custom"];
        if self.rng.random_bool(0.3) {
            custom["unique_for"] = self.rng.random_range(1..600).into();
            custom["unique_until"] = (*["start", "success"].choose(&mut self.rng).unwrap()).into();
        }
        if self.rng.random_bool(0.7)
            && let Some(bid) = self.bid()
        {
            custom["bid"] = bid.to_string().into();
        }
        let job = Job::parse(payload.to_string().as_bytes()).unwrap();
        NewJob::new(job, self.server.wall(), CustomReading::ALL).unwrap()
    }

    fn payload(&mut self, name: &str, frail: bool) -> Value {
        self.numbers += 1;
        let retry = *[-1, 1, 3].choose(&mut self.rng).unwrap();
        let mut payload = json!({
            "jid": format!("{name}-{:04}", self.numbers),
            "queue": QUEUES.choose(&mut self.rng).unwrap(),
            "jobtype": "T", "args": [self.rng.random_range(0..3)],
            "retry": if frail { 0 } else { retry }, "reserve_for": 60,
            "custom": { "retry_delays": [self.rng.random_range(0..10)], "number": self.numbers },
        });
        if self.rng.random_bool(0.2) {
            let at = self.server.wall().plus_secs(self.rng.random_range(1..30));
            payload["at"] = at.to_string().into();
        }
        // Whoever sees a frail job leave must know that it has failed.
        if !frail && self.rng.random_bool(0.2) {
            payload["custom"]["expires_in"] = self.rng.random_range(1..30).into();
        }
        payload
    }

    /// What workers say of the jobs that they hold; of each once.
    fn workers(&mut self) -> Vec<Op> {
        let mut ops = Vec::new();
        for (jid, seen) in &self.witness.sight {
            let Place::Working { wid } = &seen.place else {
                continue;
            };
            match self.rng.random_range(0..20) {
                0..4 => ops.push(ack(jid, wid)),
                4..6 => ops.push(fail(jid, wid)),
                6 => ops.push(Op::Requeue(Requeue {
                    jid: jid.clone(),
                    wid: wid.as_str().into(),
                })),
                _ => {}
            }
        }
        ops
    }

    fn duty(&mut self) -> Duty {
        match self.rng.random_range(0..6) {
            0 => Duty::Promote,
            5 => Duty::RetryCarefully,
            1 => Duty::ExpireReservations,
            2 => Duty::Purge,
            3 => Duty::Sweep,
            _ => Duty::RecoverLost {
                alive: Arc::new(BTreeSet::from(["w1".to_owned()])),
            },
        }
    }

    fn operator(&mut self) -> Op {
        use MutationVerb::{Clear, Discard, Kill, Requeue};
        if self.rng.random_bool(0.1) {
            let queue = (*QUEUES.choose(&mut self.rng).unwrap()).to_owned();
            let command = QueueCommand::Remove(QueueSelection::Named(vec![queue]));
            return Op::Queue(Arc::new(command), 0);
        }
        if self.rng.random_bool(0.2) {
            return self.retry_carefully();
        }
        let verb = *[Clear, Discard, Kill, Requeue, Requeue]
            .choose(&mut self.rng)
            .unwrap();
        let jids = self
            .witness
            .sight
            .keys()
            .filter(|_| self.rng.random_bool(0.5))
            .cloned();
        let jids = jids.collect();
        mutate(
            verb,
            *SetName::WAITING.choose(&mut self.rng).unwrap(),
            Some(MutationFilter::Jids(jids)),
        )
    }
}

impl<B: Backing> Program<B> {
    /// Retries all that failed, a few first.
    fn retry_carefully(&mut self) -> Op {
        self.numbers += 1;
        let care = Care::new(2, 3, self.rng.random_range(20..=100), 60).unwrap();
        let query = Query::parse("state:dead OR state:retries").unwrap();
        let change = Change::of_matching(ChangeVerb::RetryCarefully(care), query);
        let id = OperationId(self.numbers);
        Op::operate(id, change).by(&Arc::new(Operator::new("anna", "operator", "")))
    }
}

pub fn requeue_the_dead() -> Op {
    mutate(MutationVerb::Requeue, SetName::Dead, None)
}

fn mutate(verb: MutationVerb, target: SetName, filter: Option<MutationFilter>) -> Op {
    Op::mutate(Mutation {
        verb,
        target,
        filter,
    })
}

pub fn all_ticks() -> Vec<Op> {
    let duties = [
        Duty::Promote,
        Duty::RetryCarefully,
        Duty::ExpireReservations,
        Duty::Purge,
        Duty::Sweep,
    ];
    duties.map(Op::Tick).to_vec()
}

/// As many FETCHes as there may be slots, by workers that come one after the other.
pub fn fetch_everything() -> Vec<Op> {
    let queues = || QUEUES.map(str::to_owned).to_vec();
    let fetches = WORKERS.iter().cycle().take(24);
    fetches.map(|wid| fetch(queues(), wid)).collect()
}

fn fetch(queues: Vec<String>, wid: &str) -> Op {
    Op::Fetch(Fetch {
        queues: queues.into(),
        wid: wid.into(),
        server: ServerId::LOCAL,
        connection: 0,
    })
}

pub fn ack(jid: &str, wid: &str) -> Op {
    Op::Ack(Ack {
        jid: jid.to_owned(),
        wid: wid.into(),
    })
}

fn fail(jid: &str, wid: &str) -> Op {
    let report = FailReport {
        jid: jid.to_owned(),
        errtype: "E".to_owned(),
        message: "m".to_owned(),
        backtrace: Vec::new(),
    };
    Op::Fail(Arc::new(Fail {
        report,
        wid: wid.into(),
    }))
}
