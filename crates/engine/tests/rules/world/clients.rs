//! What clients ask most.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use workmill_engine::{Ack, DeliveryTag, Fail, Fetch, Op, Outcome, ServerId, Ticket};
use workmill_proto::{Command, CustomReading, Job, parse_command};

use super::World;

/// A job as a worker got it.
#[derive(Debug)]
pub struct Fetched {
    pub payload: Value,
    pub tag: DeliveryTag,
}

impl Fetched {
    pub fn jid(&self) -> &str {
        self.payload["jid"].as_str().unwrap()
    }
}

impl World {
    pub fn push_op(&self, payload: &Value) -> Op {
        Op::push(
            Job::parse(payload.to_string().as_bytes()).unwrap(),
            self.wall(),
            CustomReading::ALL,
        )
        .unwrap()
    }

    /// Pushes a job of this id and queue, with more payload members.
    pub fn push(&mut self, jid: &str, queue: &str, more: Value) {
        let op = Op::push(self.job(jid, queue, more), self.wall(), CustomReading::ALL).unwrap();
        self.ok(op);
    }

    pub fn try_fetch(&mut self, queues: &[&str], wid: &str) -> Result<Fetched, Ticket> {
        let ticket = self.group(vec![fetch_op(queues, wid)])[0];
        self.take_job(ticket).ok_or(ticket)
    }

    pub fn take_job(&mut self, ticket: Ticket) -> Option<Fetched> {
        match self.answer(ticket)? {
            Outcome::Job(job) => {
                let mut wire = bytes::BytesMut::new();
                workmill_proto::write_job(
                    &mut wire,
                    &job.body,
                    job.enqueued_at_index,
                    job.enqueued_at,
                );
                let text = String::from_utf8(wire.to_vec()).unwrap();
                let body = text.split("\r\n").nth(1).unwrap();
                Some(Fetched {
                    payload: serde_json::from_str(body).unwrap(),
                    tag: job.tag,
                })
            }
            other => panic!("no job: {other:?}"),
        }
    }

    /// Fetches a job that must be there.
    pub fn fetch(&mut self, queues: &[&str], wid: &str) -> Fetched {
        self.try_fetch(queues, wid).expect("a job is there")
    }

    /// Asserts that there is nothing to fetch, and waits the FETCH out.
    pub fn assert_nothing(&mut self, queues: &[&str]) {
        let ticket = self.try_fetch(queues, "").expect_err("nothing is there");
        self.now = self.now.plus(Duration::from_millis(1_900));
        self.group(vec![]);
        assert!(matches!(self.answer(ticket), Some(Outcome::Nothing)));
    }

    pub fn ack_op(jid: &str, wid: &str) -> Op {
        Op::Ack(Ack {
            jid: jid.to_owned(),
            wid: wid.into(),
        })
    }

    pub fn ack(&mut self, jid: &str, wid: &str) {
        self.ok(Self::ack_op(jid, wid));
    }

    pub fn fail_op(jid: &str, wid: &str) -> Op {
        let line = json!({"jid": jid, "errtype": "Boom", "message": "it broke"});
        match parse_command(format!("FAIL {line}").as_bytes()).unwrap() {
            Command::Fail(report) => Op::Fail(Arc::new(Fail {
                report,
                wid: wid.into(),
            })),
            other => panic!("{other:?}"),
        }
    }

    pub fn fail(&mut self, jid: &str, wid: &str) {
        self.ok(Self::fail_op(jid, wid));
    }

    pub fn mutate(&mut self, mutation: Value) {
        self.ok(mutate_op(&mutation));
    }

    pub fn queue(&mut self, arguments: &str) -> Outcome {
        match parse_command(format!("QUEUE {arguments}").as_bytes()).unwrap() {
            Command::Queue(command) => self.run(Op::Queue(Arc::new(command), 0)),
            other => panic!("{other:?}"),
        }
    }
}

pub fn fetch_op(queues: &[&str], wid: &str) -> Op {
    Op::Fetch(Fetch {
        queues: queues.iter().map(|q| (*q).to_owned()).collect(),
        wid: wid.into(),
        server: ServerId::LOCAL,
        connection: 0,
    })
}

pub fn mutate_op(mutation: &Value) -> Op {
    match parse_command(format!("MUTATE {mutation}").as_bytes()).unwrap() {
        Command::Mutate(mutation) => Op::mutate(mutation),
        other => panic!("{other:?}"),
    }
}
