//! The ops that acts mean.

use std::sync::Arc;

use serde_json::{Value, json};
use workmill_engine::{
    Ack, BatchOp, BulkPush, Change, ChangeFilter, ChangePlaces, Fail, Fetch, NewBatch, NewJob, Op,
    OperationId, Requeue, ServerId, Ticket, TrackOp,
};
use workmill_proto::{
    Bid, CustomReading, FailReport, Job as Payload, MutationFilter, MutationVerb, QueueCommand,
    QueueSelection, TrackCommand, TrackUpdate,
};

use workmill_store::{Operator, Place};

use crate::acts::{Act, BatchAct, Expires, Push, TrackAct};
use crate::backing::Backing;
use crate::runner::Runner;

impl<B: Backing> Runner<B> {
    /// The op of an act; none for one that has nothing to act on.
    pub fn op(&mut self, act: &Act) -> Option<Op> {
        Some(match act {
            Act::Push(push) => Op::Push(Arc::new(self.new_job(push))),
            Act::PushBulk(pushes) => {
                let jobs = pushes.iter().map(|push| Ok(self.new_job(push)));
                Op::PushBulk(BulkPush {
                    jobs: jobs.collect(),
                    next_index: 0,
                    refused: Vec::new(),
                })
            }
            Act::Fetch { queues, from } => Op::Fetch(Fetch {
                queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
                wid: from.wid.into(),
                server: ServerId::LOCAL,
                connection: from.connection,
            }),
            Act::Ack { jid, wid } => Op::Ack(Ack {
                jid: jid.clone(),
                wid: (*wid).into(),
            }),
            Act::Fail { jid, wid } => Op::Fail(Arc::new(Fail {
                report: report(jid),
                wid: (*wid).into(),
            })),
            Act::Requeue { jid, wid } => Op::Requeue(Requeue {
                jid: jid.clone(),
                wid: (*wid).into(),
            }),
            Act::Nack { back } => {
                let index = self.tags.len().checked_sub(back + 1)?;
                Op::Nack(vec![self.tags[index]])
            }
            Act::Forget { index } => Op::Forget(Ticket(self.naive.waiting.get(*index)?.ticket)),
            Act::Batch(batch) => Op::Batch(Arc::new(self.batch_op(batch))),
            Act::Track(track) => Op::Track(Arc::new(self.track_op(track))),
            Act::Mutate {
                verb,
                place,
                jids,
                operates,
            } => {
                let clears = *verb == MutationVerb::Clear || jids.is_none();
                let is_set = matches!(place, Place::Set(_));
                // What was removed and cleared is swept in the store's own order: only one at a time.
                if !operates && is_set && clears && !self.naive.unswept.is_empty() {
                    return None;
                }
                let filter = jids
                    .as_ref()
                    .map(|jids| MutationFilter::Jids(jids.iter().cloned().collect()));
                let change = Change {
                    verb: (*verb).into(),
                    places: ChangePlaces::One(place.clone()),
                    filter: filter
                        .filter(|_| *verb != MutationVerb::Clear)
                        .map(ChangeFilter::Mutation),
                };
                match operates {
                    true => self.operate(change),
                    false => Op::change(change),
                }
            }
            Act::Undo { back } => self.undo(*back)?,
            Act::Pause(queue) => Op::Queue(Arc::new(QueueCommand::Pause(named(queue))), 0),
            Act::Resume(queue) => Op::Queue(Arc::new(QueueCommand::Resume(named(queue))), 0),
            Act::Remove(_) if !self.naive.unswept.is_empty() => return None,
            Act::Remove(queue) => Op::Queue(Arc::new(QueueCommand::Remove(named(queue))), 0),
            Act::Flush => Op::Flush,
            Act::Info => Op::Info,
        })
    }

    fn undo(&mut self, back: u64) -> Option<Op> {
        let action = self.naive.last_action.checked_sub(back)?;
        Some(self.operate(Change::undo_of(action)))
    }

    fn operate(&mut self, change: Change) -> Op {
        let operator = Arc::new(Operator::default());
        Op::operate(OperationId(self.tickets), change).by(&operator)
    }

    fn batch_op(&mut self, act: &BatchAct) -> BatchOp {
        match act {
            BatchAct::New {
                parent,
                complete,
                success,
            } => BatchOp::New(NewBatch {
                description: format!("batch {}", self.naive.batches.len()),
                parent: parent.map(|back| self.bid(back)),
                complete: complete.as_ref().map(|push| self.callback(push)),
                success: success.as_ref().map(|push| self.callback(push)),
            }),
            BatchAct::Open(back) => BatchOp::Open(self.bid(*back)),
            BatchAct::Commit(back) => BatchOp::Commit(self.bid(*back)),
            BatchAct::Status(back) => BatchOp::Status(self.bid(*back)),
            BatchAct::Child { parent, child } => BatchOp::Child {
                parent: self.bid(*parent),
                child: self.bid(*child),
            },
        }
    }

    /// The id of a batch counted from the latest; that of no batch, if there are not so many.
    pub fn bid(&self, back: usize) -> Bid {
        match self.batch_index(back) {
            Some(index) => self.naive.batches[index].bid,
            None => Bid { id: 0, check: 7 },
        }
    }

    pub fn batch_index(&self, back: usize) -> Option<usize> {
        self.naive.batches.len().checked_sub(back + 1)
    }

    fn track_op(&self, act: &TrackAct) -> TrackOp {
        match act {
            TrackAct::Get(jid) => TrackOp {
                command: TrackCommand::Get(jid.clone()),
                wid: "".into(),
            },
            TrackAct::Set {
                jid,
                wid,
                percent,
                desc,
                reserve_until_secs,
            } => TrackOp {
                command: TrackCommand::Set(TrackUpdate {
                    jid: jid.clone(),
                    percent: *percent,
                    desc: desc.clone(),
                    reserve_until: reserve_until_secs.map(|secs| self.naive.wall().plus_secs(secs)),
                }),
                wid: (*wid).into(),
            },
        }
    }

    fn new_job(&mut self, push: &Push) -> NewJob {
        let mut payload = self.payload(push);
        let custom = &mut payload["custom"];
        if let Some((secs, until_start)) = push.unique {
            custom["unique_for"] = secs.into();
            custom["unique_until"] = if until_start { "start" } else { "success" }.into();
        }
        if let Some(back) = push.batch {
            custom["bid"] = self.bid(back).to_string().into();
        }
        let job = Payload::parse(payload.to_string().as_bytes()).unwrap();
        NewJob::new(job, self.naive.wall(), CustomReading::ALL).unwrap()
    }

    fn callback(&mut self, push: &Push) -> Vec<u8> {
        self.payload(push).to_string().into_bytes()
    }

    fn payload(&mut self, push: &Push) -> Value {
        self.numbers += 1;
        let mut payload = json!({
            "jid": push.jid, "queue": push.queue, "jobtype": "T", "args": [push.arg],
            "retry": push.retry, "reserve_for": push.reserve_for_secs,
            "custom": { "retry_delays": [push.delay_secs], "number": self.numbers },
        });
        let now = self.naive.wall();
        if let Some(secs) = push.at_secs {
            payload["at"] = now.plus_secs(secs).to_string().into();
        }
        match push.expires {
            Some(Expires::In(secs)) => payload["custom"]["expires_in"] = secs.into(),
            Some(Expires::At(secs)) => {
                payload["custom"]["expires_at"] = now.plus_secs(secs).to_string().into();
            }
            None => {}
        }
        if push.tracked {
            payload["custom"]["track"] = 1.into();
        }
        payload
    }
}

fn report(jid: &str) -> FailReport {
    FailReport {
        jid: jid.to_owned(),
        // Those of some jobs belong together.
        errtype: if jid.ends_with(['0', '2']) { "E" } else { "F" }.to_owned(),
        message: "m".to_owned(),
        backtrace: Vec::new(),
    }
}

fn named(queue: &str) -> QueueSelection {
    QueueSelection::Named(vec![queue.to_owned()])
}

/// The number that tells a job from all others, also of the same id.
pub fn number_of(body: &[u8]) -> i64 {
    let payload: Value = serde_json::from_slice(body).unwrap();
    payload["custom"]["number"].as_i64().unwrap()
}
