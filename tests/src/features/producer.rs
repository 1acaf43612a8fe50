//! A client that pushes jobs of all kinds, and makes batches.

use std::sync::Arc;
use std::thread;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use rand::rngs::SmallRng;
use rand::seq::IndexedRandom as _;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::batches::Progress;
use super::fleet::Crew;
use super::hands::Hands;
use super::plan::{Kind, Member, Plan, QUEUES, Unique};
use crate::fleet::{Gone, connect};
use crate::reply::Reply;

/// Producers rest while more jobs wait than this, so that an audit has an end.
const BACKLOG_MAX: usize = 200;

/// How long a producer rests.
const REST: Duration = Duration::from_millis(3);

/// How many jobs go into one PUSHB at most.
const TOGETHER_MAX: usize = 8;

/// How many keys unique jobs have.
const KEYS: usize = 40;

/// How many batches there are above each other at most.
const DEPTH_MAX: u32 = 3;

/// How long a lock lives that is not to be outlived.
const LONG_SECS: i64 = 3_600;

pub(super) struct Producer {
    crew: Arc<Crew>,
    hands: Hands,
    name: String,
    rng: SmallRng,
    made: u64,
}

impl Producer {
    /// Pushes until the server dies, or the crew is stopped.
    pub(super) fn run(crew: Arc<Crew>, name: String, seed: u64) -> Result<(), Gone> {
        let hands = Hands {
            client: connect(crew.addr, "")?,
            wid: String::new(),
            ledger: Arc::clone(&crew.ledger),
        };
        let mut producer = Self {
            crew,
            hands,
            name,
            rng: SmallRng::seed_from_u64(seed),
            made: 0,
        };
        while !producer.crew.is_stopped() {
            if producer.crew.ledger.book().backlog > BACKLOG_MAX {
                thread::sleep(REST);
            } else if producer.rng.random_bool(0.15) {
                producer.batch(None, 1)?;
            } else {
                producer.push(None)?;
            }
        }
        Ok(())
    }

    fn next_name(&mut self, prefix: &str) -> String {
        self.made += 1;
        format!("{}-{prefix}{:05}", self.name, self.made)
    }

    fn queue(&mut self) -> &'static str {
        const WEIGHTED: [usize; 8] = [0, 0, 0, 0, 1, 1, 2, 3];
        QUEUES[*WEIGHTED.choose(&mut self.rng).expect("there are queues")]
    }

    fn plan(&mut self, member: Option<Member>) -> Plan {
        let mut queue = self.queue();
        let mut unique = None;
        if self.rng.random_bool(0.4) {
            let key = self.rng.random_range(0..KEYS);
            queue = QUEUES[key % QUEUES.len()];
            unique = Some(Unique {
                key: format!("key-{key}"),
                secs: *[2, LONG_SECS].choose(&mut self.rng).expect("choices"),
                until_start: self.rng.random_bool(0.3),
            });
        }
        // What fails without a retry keeps its lock.
        let may_fail = unique.as_ref().is_none_or(|unique| unique.secs < LONG_SECS);
        let expires_in_ms = match self.rng.random_range(0..100) {
            0..8 => Some(1_500),
            8..12 => Some(3_600_000),
            _ => None,
        };
        Plan {
            jid: self.next_name("j"),
            queue,
            retry: if may_fail && self.rng.random_bool(0.1) {
                0
            } else {
                25
            },
            delay_secs: i64::from(self.rng.random_bool(0.1)),
            unique,
            member,
            expires_at: expires_in_ms
                .map(|millis| Timestamp::now() + SignedDuration::from_millis(millis)),
            tracked: self.rng.random_bool(0.2),
            callback: None,
        }
    }

    /// Pushes a job, or several at once.
    fn push(&mut self, member: Option<Member>) -> Result<(), Gone> {
        let count = match self.rng.random_bool(0.7) {
            true => 1,
            false => self.rng.random_range(2..=TOGETHER_MAX),
        };
        let plans: Vec<_> = (0..count).map(|_| self.plan(member.clone())).collect();
        self.hands.push(&plans)
    }

    /// Makes a batch, what it waits for, and its jobs, and commits it.
    fn batch(&mut self, parent: Option<&Member>, depth: u32) -> Result<(), Gone> {
        let member = self.new_batch(parent)?;
        while depth < DEPTH_MAX && self.rng.random_bool(0.3) {
            self.batch(Some(&member), depth + 1)?;
        }
        for _ in 0..self.rng.random_range(0..6) {
            self.push(Some(member.clone()))?;
        }
        self.hands.ledger.book().batch(&member.batch).committed = Progress::Sent;
        self.ok(&format!("BATCH COMMIT {}", member.bid))?;
        self.hands.ledger.book().batch(&member.batch).committed = Progress::Acknowledged;
        Ok(())
    }

    /// Makes a batch, as a child of another at once or afterwards.
    fn new_batch(&mut self, parent: Option<&Member>) -> Result<Member, Gone> {
        let batch = self.next_name("b");
        let mut kinds = Vec::from(Kind::ALL);
        if self.rng.random_bool(0.4) {
            kinds.swap_remove(self.rng.random_range(0..kinds.len()));
        }
        let callbacks: Vec<_> = kinds
            .iter()
            .map(|kind| Plan::callback(&batch, *kind, self.queue()))
            .collect();
        let mut new = json!({"description": batch});
        for (kind, plan) in kinds.iter().zip(&callbacks) {
            new[kind.name()] = plan.to_json();
        }
        let at_once = self.rng.random_bool(0.5);
        if let (Some(parent), true) = (parent, at_once) {
            new["parent_bid"] = json!(parent.bid);
        }
        let bid = match self.hands.client.cmd(format!("BATCH NEW {new}")) {
            Reply::Closed => {
                if let (Some(parent), true) = (parent, at_once) {
                    self.hands.ledger.book().batch(&parent.batch).has_lost_child = true;
                }
                return Err(Gone);
            }
            reply => reply.text(),
        };
        self.hands
            .ledger
            .book()
            .batch_made(&batch, bid.clone(), &callbacks);
        let told = |progress| {
            if let Some(parent) = parent {
                let mut book = self.hands.ledger.book();
                book.child_of(&parent.batch, &batch, progress);
            }
        };
        if let (Some(parent), false) = (parent, at_once) {
            told(Progress::Sent);
            let line = format!("BATCH CHILD {} {bid}", parent.bid);
            match self.hands.client.cmd(line) {
                Reply::Closed => return Err(Gone),
                reply => assert_eq!(reply, Reply::ok(), "the answer to BATCH CHILD"),
            }
        }
        told(Progress::Acknowledged);
        Ok(Member { batch, bid })
    }

    fn ok(&mut self, line: &str) -> Result<(), Gone> {
        match self.hands.client.cmd(line) {
            Reply::Closed => Err(Gone),
            reply => {
                assert_eq!(reply, Reply::ok(), "the answer to {line}");
                Ok(())
            }
        }
    }
}
