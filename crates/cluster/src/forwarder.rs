//! The side that asks: what a server has handed over to the one that leads, whoever that is by now.

use std::collections::{BTreeMap, BTreeSet};
use std::mem;

use workmill_engine::{DeliveryTag, Op, Outcome, ServerId};

use crate::frame::{FromLeader, OpNumber, ToLeader};

/// What one server has asked for, from its start to its end. Links come and go meanwhile, and leaders do.
///
/// Every op that is handed over gets exactly one answer, unless its server was [forgotten](FromLeader::Forgotten). A
/// job among the answers is in the care of whoever gets it: [`Forwarder::delivered`] or [`Forwarder::returned`] must
/// follow.
#[derive(Debug)]
pub struct Forwarder {
    server: ServerId,
    registered: bool,
    /// How many links there were.
    links: u64,
    last: OpNumber,
    /// Those without an answer.
    unanswered: BTreeMap<OpNumber, Op>,
    /// Those of them that keep their places among others.
    in_order: BTreeSet<OpNumber>,
    /// FETCHes that were answered with jobs which are on their way to clients.
    in_delivery: BTreeSet<OpNumber>,
    /// Jobs that are being given back, by the op that does it: the FETCHes that they were the answers to.
    returning: BTreeMap<OpNumber, OpNumber>,
    /// Those that the leader can forget, and was not told so.
    settled: Vec<OpNumber>,
}

/// What came of a frame.
#[derive(Debug)]
pub enum Received {
    /// These ops are answered.
    Answers(Vec<(OpNumber, Outcome)>),
    /// The server is not known any more: what came of all its ops is unknown.
    Forgotten,
}

impl Forwarder {
    /// That of a server which has asked for nothing yet. The name must be new.
    pub fn new(server: ServerId) -> Self {
        Self {
            server,
            registered: false,
            links: 0,
            last: OpNumber(0),
            unanswered: BTreeMap::new(),
            in_order: BTreeSet::new(),
            in_delivery: BTreeSet::new(),
            returning: BTreeMap::new(),
            settled: Vec::new(),
        }
    }

    /// Who asks.
    pub fn server(&self) -> ServerId {
        self.server
    }

    /// How many ops are without an answer.
    pub fn unanswered(&self) -> usize {
        self.unanswered.len()
    }

    /// What is to be said first on a new link: who asks, and all that has no answer, once more.
    pub fn greet(&mut self) -> Vec<ToLeader> {
        // What is not open is settled.
        self.settled.clear();
        self.links += 1;
        let open = self.unanswered.keys().chain(&self.in_delivery);
        let hello = ToLeader::Hello {
            server: self.server,
            nth: self.links,
            registered: self.registered,
            open: open.copied().collect(),
        };
        let ops = self.unanswered.iter();
        let ops = ops.map(|(&number, op)| (number, op.clone())).collect();
        let mut said = vec![hello];
        if !self.in_order.is_empty() {
            let numbers = self.in_order.iter().copied().collect();
            said.push(ToLeader::InOrder(numbers));
        }
        said.push(ToLeader::Ops(ops));
        said
    }

    /// So many ops are handed over next that are to keep their places among those of others; the frame is to be said before they
    /// are.
    pub fn keep_order(&mut self, count: usize) -> ToLeader {
        let numbers = (1..=count as u64).map(|nth| OpNumber(self.last.0 + nth));
        let numbers: Vec<OpNumber> = numbers.collect();
        self.in_order.extend(&numbers);
        ToLeader::InOrder(numbers)
    }

    /// Hands over an op; the frame is for the link, if there is one now.
    pub fn submit(&mut self, op: Op) -> (OpNumber, ToLeader) {
        self.last = OpNumber(self.last.0 + 1);
        self.unanswered.insert(self.last, op.clone());
        (self.last, ToLeader::Ops(vec![(self.last, op)]))
    }

    /// The client of a FETCH is gone: it is answered soon, with nothing, or with a job that is to be returned.
    pub fn forget(&self, fetch: OpNumber) -> Option<ToLeader> {
        let waits = self.unanswered.contains_key(&fetch);
        waits.then_some(ToLeader::Forget(fetch))
    }

    /// Takes a frame in.
    pub fn receive(&mut self, frame: FromLeader) -> Received {
        match frame {
            FromLeader::Welcome(_) => {
                self.registered = true;
                Received::Answers(Vec::new())
            }
            FromLeader::Forgotten => Received::Forgotten,
            FromLeader::Answers(answers) => {
                let new = answers
                    .into_iter()
                    .filter(|(number, outcome)| self.answered(*number, outcome));
                Received::Answers(new.collect())
            }
            // Those are between the links.
            FromLeader::Latencies { .. } | FromLeader::Ping => Received::Answers(Vec::new()),
        }
    }

    /// Takes note of an answer; tells whether it is new, and anybody's business.
    fn answered(&mut self, number: OpNumber, outcome: &Outcome) -> bool {
        self.in_order.remove(&number);
        // The same may have come twice, on two links.
        if self.unanswered.remove(&number).is_none() {
            return false;
        }
        if matches!(outcome, Outcome::Job(_)) {
            self.in_delivery.insert(number);
            return true;
        }
        self.settled.push(number);
        let Some(fetch) = self.returning.remove(&number) else {
            return true;
        };
        self.delivered(fetch);
        false
    }

    /// The client has the job that was the answer to this FETCH.
    pub fn delivered(&mut self, fetch: OpNumber) {
        if self.in_delivery.remove(&fetch) {
            self.settled.push(fetch);
        }
    }

    /// The client did not get the job: it is given back. Until that is done the leader takes care of it, should this server
    /// end.
    pub fn returned(&mut self, fetch: OpNumber, job: DeliveryTag) -> ToLeader {
        let (number, frame) = self.submit(Op::Nack(vec![job]));
        self.returning.insert(number, fetch);
        frame
    }

    /// Whether the leader is to be told of answers that are known here.
    pub fn has_settled(&self) -> bool {
        !self.settled.is_empty()
    }

    /// What the leader is to be told of answers that are known here.
    pub fn settled(&mut self) -> Option<ToLeader> {
        let settled = mem::take(&mut self.settled);
        (!settled.is_empty()).then_some(ToLeader::Settled(settled))
    }
}

#[cfg(test)]
mod tests;
