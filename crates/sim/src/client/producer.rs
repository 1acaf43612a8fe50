//! A client that pushes: single jobs and many at once, unique ones, ones of a throttled queue, and batches.

use std::collections::BTreeMap;

use rand::Rng as _;
use rand::rngs::SmallRng;
use serde_json::{Value, json};
use workmill_engine::{Op, Outcome};
use workmill_proto::{Bid, ErrorCode, Timestamp};

use crate::history::History;
use crate::ops::{self, THROTTLED};

/// Jobs of a PUSHB that takes several groups.
const BULK_JOBS: usize = 2_500;

/// Members of a batch.
const BATCH_JOBS: usize = 3;

/// How many jobs may be pushed and not done before producers rest.
const BACKLOG_MAX: usize = 2_500;

/// A producer.
#[derive(Debug)]
pub(crate) struct Producer {
    name: String,
    pushed: u64,
    asked: Asked,
    /// The batch that it fills.
    batch: Option<Filling>,
}

/// A batch on its way.
#[derive(Debug)]
struct Filling {
    bid: Bid,
    callback: String,
    members: usize,
}

/// What it waits for.
#[derive(Debug)]
enum Asked {
    Nothing,
    Push(Vec<String>),
    NewBatch(String),
    CommitBatch(String),
}

impl Producer {
    pub(crate) fn new(index: usize) -> Self {
        Self {
            name: format!("job-p{index}"),
            pushed: 0,
            asked: Asked::Nothing,
            batch: None,
        }
    }

    fn jid(&mut self) -> String {
        self.pushed += 1;
        format!("{}-{}", self.name, self.pushed)
    }

    /// What it asks next; nothing while there is enough to do.
    pub(crate) fn next(
        &mut self,
        now: Timestamp,
        rng: &mut SmallRng,
        history: &mut History,
    ) -> anyhow::Result<Option<Op>> {
        if let Some(batch) = self.batch.take() {
            return self.fill(batch, now, history).map(Some);
        }
        if history.backlog() > BACKLOG_MAX {
            return Ok(None);
        }
        let op = match rng.random_range(0..1_000) {
            0..4 => self.push_bulk(BULK_JOBS, now, history)?,
            4..100 => self.push_bulk(rng.random_range(2..20), now, history)?,
            100..130 => {
                let callback = self.jid();
                let payload = ops::payload(&callback, "callbacks", json!({}));
                self.asked = Asked::NewBatch(callback);
                ops::new_batch(&payload, now)?
            }
            130..250 => {
                let key = rng.random_range(0..5);
                let jid = self.jid();
                let custom = json!({"unique_for": 3_600, "unique_until": "success"});
                let mut payload = ops::payload(&jid, "default", custom);
                set(&mut payload, "args", json!([format!("key-{key}")]));
                set(&mut payload, "jobtype", json!("Unique"));
                history.push_sent(&jid, Some(key), None);
                self.asked = Asked::Push(vec![jid]);
                ops::push(&payload, now)?
            }
            roll => {
                let queue = if roll < 400 { THROTTLED } else { "default" };
                let jid = self.jid();
                history.push_sent(&jid, None, None);
                let payload = ops::payload(&jid, queue, json!({}));
                self.asked = Asked::Push(vec![jid]);
                ops::push(&payload, now)?
            }
        };
        Ok(Some(op))
    }

    fn push_bulk(
        &mut self,
        jobs: usize,
        now: Timestamp,
        history: &mut History,
    ) -> anyhow::Result<Op> {
        let jids: Vec<String> = (0..jobs).map(|_| self.jid()).collect();
        let payloads: Vec<Value> = jids
            .iter()
            .map(|jid| ops::payload(jid, "default", json!({})))
            .collect();
        for jid in &jids {
            history.push_sent(jid, None, None);
        }
        self.asked = Asked::Push(jids);
        ops::push_bulk(&payloads, now)
    }

    /// The next member of a batch, or its commit.
    fn fill(
        &mut self,
        mut batch: Filling,
        now: Timestamp,
        history: &mut History,
    ) -> anyhow::Result<Op> {
        if batch.members == BATCH_JOBS {
            self.asked = Asked::CommitBatch(batch.callback);
            return Ok(ops::commit_batch(batch.bid));
        }
        batch.members += 1;
        let jid = self.jid();
        let custom = json!({"bid": batch.bid.to_string()});
        let payload = ops::payload(&jid, "default", custom);
        history.push_sent(&jid, None, Some(&batch.callback));
        self.asked = Asked::Push(vec![jid]);
        self.batch = Some(batch);
        ops::push(&payload, now)
    }

    pub(crate) fn answered(&mut self, outcome: &Outcome, history: &mut History) {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        match (asked, outcome) {
            (Asked::Push(jids), Outcome::Ok) => {
                for jid in jids {
                    history.push_answered(&jid);
                }
            }
            (Asked::Push(jids), Outcome::Refusals(refused)) => {
                let refused: BTreeMap<_, _> = refused.iter().cloned().collect();
                for jid in jids {
                    match refused.get(&jid) {
                        None => history.push_answered(&jid),
                        Some(error) => history.fault(format!("{jid} is refused: {}", error.text)),
                    }
                }
            }
            (Asked::Push(jids), Outcome::Refused(error)) if error.code == ErrorCode::NotUnique => {
                for jid in jids {
                    history.push_refused(&jid);
                }
            }
            (Asked::NewBatch(callback), Outcome::Bid(bid)) => {
                self.batch = Some(Filling {
                    bid: *bid,
                    callback,
                    members: 0,
                });
            }
            (Asked::CommitBatch(callback), Outcome::Ok) => history.batch_committed(&callback),
            (asked, outcome) => history.fault(format!("{asked:?} is answered {outcome:?}")),
        }
    }

    /// The server is gone: what became of what it asked is unknown, and a batch is left as it is.
    pub(crate) fn unanswered(&mut self, history: &mut History) {
        let asked = std::mem::replace(&mut self.asked, Asked::Nothing);
        if let Asked::Push(jids) = asked {
            for jid in jids {
                history.push_unknown(&jid);
            }
        }
        self.batch = None;
    }
}

fn set(payload: &mut Value, member: &str, value: Value) {
    if let Some(members) = payload.as_object_mut() {
        members.insert(member.to_owned(), value);
    }
}
