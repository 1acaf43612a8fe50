//! A client that pushes.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use serde_json::Value;

use crate::client::Client;
use crate::fleet::{Crew, Gone, QUEUES, connect};
use crate::ledger::JobPlan;
use crate::reply::Reply;

/// Producers rest while more jobs wait than this, so that an audit has an end.
const BACKLOG_MAX: usize = 1_500;

/// How long a producer rests.
const REST: Duration = Duration::from_millis(3);

/// How many jobs go into one PUSHB, or one run of pipelined PUSHes, at most.
const TOGETHER_MAX: usize = 30;

pub(crate) struct Producer {
    crew: Arc<Crew>,
    name: String,
    rng: SmallRng,
    jobs: u64,
}

impl Producer {
    pub(crate) fn new(crew: Arc<Crew>, name: String, seed: u64) -> Self {
        Self {
            crew,
            name,
            rng: SmallRng::seed_from_u64(seed),
            jobs: 0,
        }
    }

    pub(crate) fn run(mut self) {
        // The end of the server is the end of the work.
        let _ = self.work();
    }

    fn work(&mut self) -> Result<(), Gone> {
        let mut client = connect(self.crew.addr, "")?;
        while !self.crew.is_stopped() {
            if self.crew.ledger.backlog() > BACKLOG_MAX {
                thread::sleep(REST);
                continue;
            }
            let count = if self.rng.random_bool(0.6) {
                1
            } else {
                self.rng.random_range(2..=TOGETHER_MAX)
            };
            let plans: Vec<_> = (0..count).map(|_| self.plan()).collect();
            self.crew.ledger.push_sent(&plans);
            if count > 1 && self.rng.random_bool(0.4) {
                self.push_bulk(&mut client, &plans)?;
            } else {
                self.push_pipelined(&mut client, &plans)?;
            }
        }
        Ok(())
    }

    fn plan(&mut self) -> JobPlan {
        self.jobs += 1;
        let filler_bytes = match self.rng.random_range(0..100) {
            0 => 40_000,
            1..10 => self.rng.random_range(1_000..8_000),
            _ => self.rng.random_range(0..300),
        };
        JobPlan {
            jid: format!("{}-{:06}", self.name, self.jobs),
            queue: (*QUEUES.choose(&mut self.rng).expect("there are queues")).to_owned(),
            retry: *[25, 25, 25, 2, 0, -1]
                .choose(&mut self.rng)
                .expect("there are choices"),
            scheduled: self.rng.random_bool(0.15),
            hasty: self.rng.random_bool(0.5),
            filler_bytes,
        }
    }

    fn push_pipelined(&self, client: &mut Client, plans: &[JobPlan]) -> Result<(), Gone> {
        let lines: String = plans
            .iter()
            .map(|plan| format!("PUSH {}\r\n", plan.to_json()))
            .collect();
        // A refused write shows when the reply is read.
        let _ = client.send_raw(lines.as_bytes());
        for plan in plans {
            match client.read_reply() {
                Reply::Closed => return Err(Gone),
                reply if reply.is_ok() => self.crew.ledger.push_acknowledged(&plan.jid),
                reply => self.refused(&plan.jid, "PUSH", &reply),
            }
        }
        Ok(())
    }

    fn push_bulk(&self, client: &mut Client, plans: &[JobPlan]) -> Result<(), Gone> {
        let jobs: Vec<Value> = plans.iter().map(JobPlan::to_json).collect();
        match client.cmd(format!("PUSHB {}", Value::Array(jobs))) {
            Reply::Closed => return Err(Gone),
            reply @ Reply::Bulk(_) => {
                let refusals = reply.json();
                for plan in plans {
                    match refusals[&plan.jid].as_str() {
                        None => self.crew.ledger.push_acknowledged(&plan.jid),
                        Some(error) => {
                            self.refused(&plan.jid, "PUSHB", &Reply::Error(error.to_owned()))
                        }
                    }
                }
            }
            // What it had done before the fault stays done: the jobs are unknown.
            reply => self.crew.answered_oddly("PUSHB", &reply),
        }
        Ok(())
    }

    fn refused(&self, jid: &str, command: &str, reply: &Reply) {
        self.crew.answered_oddly(command, reply);
        self.crew.ledger.push_refused(jid);
    }
}
