//! A connection that pushes, fetches and ends jobs, and what it writes into the book.

use std::sync::Arc;

use jiff::Timestamp;
use serde_json::{Value, json};

use super::book::{Book, FeatureLedger};
use super::job::Status;
use super::plan::{CRON_QUEUE, Plan};
use crate::client::Client;
use crate::course::Held;
use crate::fleet::Gone;
use crate::reply::Reply;

pub(super) struct Hands {
    pub(super) client: Client,
    pub(super) wid: String,
    pub(super) ledger: Arc<FeatureLedger>,
}

impl Hands {
    /// Pushes a job, or several at once.
    pub(super) fn push(&mut self, plans: &[Plan]) -> Result<(), Gone> {
        self.ledger.book().push_sent(plans);
        let jobs: Vec<Value> = plans.iter().map(Plan::to_json).collect();
        let (command, reply) = match jobs.as_slice() {
            [job] => ("PUSH", self.client.cmd(format!("PUSH {job}"))),
            jobs => ("PUSHB", self.client.cmd(format!("PUSHB {}", json!(jobs)))),
        };
        let refusals = match reply {
            Reply::Closed => return Err(Gone),
            Reply::Bulk(_) if command == "PUSHB" => reply.json(),
            Reply::Error(error) if command == "PUSH" => json!({&plans[0].jid: error}),
            reply => {
                assert_eq!(reply, Reply::ok(), "the answer to {command}");
                json!({})
            }
        };
        let mut book = self.ledger.book();
        for plan in plans {
            match refusals[&plan.jid].as_str() {
                None => book.push_accepted(&plan.jid),
                Some(error) => book.push_refused(&plan.jid, error),
            }
        }
        Ok(())
    }

    /// Fetches a job, if there is one. That of a cron entry is done with at once.
    pub(super) fn fetch(&mut self, queues: &str) -> Result<Option<Held>, Gone> {
        let sent_at = Timestamp::now();
        match self.client.cmd(format!("FETCH {queues}")) {
            Reply::Closed => {
                self.fetch_unknown(queues);
                Err(Gone)
            }
            Reply::Nil => Ok(None),
            reply @ Reply::Bulk(_) => {
                let job = reply.json();
                if Book::is_tick(&job) {
                    self.ledger.book().ticked(&job);
                    self.acknowledge_tick(&job["jid"])?;
                    return Ok(None);
                }
                Ok(self.ledger.book().fetched(&job, &self.wid, sent_at))
            }
            reply => {
                self.misanswered("FETCH", &reply);
                Ok(None)
            }
        }
    }

    /// A FETCH will have no answer.
    pub(super) fn fetch_unknown(&self, queues: &str) {
        let mut book = self.ledger.book();
        book.fetches_unknown += 1;
        book.ticks_unknown += u64::from(queues.contains(CRON_QUEUE));
    }

    fn acknowledge_tick(&mut self, jid: &Value) -> Result<(), Gone> {
        match self.client.cmd(format!("ACK {}", json!({"jid": jid}))) {
            Reply::Closed => {
                self.ledger.book().ticks_unknown += 1;
                Err(Gone)
            }
            reply => {
                assert_eq!(reply, Reply::ok(), "the answer to ACK");
                Ok(())
            }
        }
    }

    pub(super) fn acknowledge(&mut self, held: &Held) -> Result<(), Gone> {
        if self.end("ACK", Status::AckSent, held)? {
            self.ledger.book().acknowledged(&held.jid);
        }
        Ok(())
    }

    pub(super) fn fail(&mut self, held: &Held) -> Result<(), Gone> {
        if self.end("FAIL", Status::FailSent, held)? {
            self.ledger.book().fail_acknowledged(held);
        }
        Ok(())
    }

    pub(super) fn requeue(&mut self, held: &Held) -> Result<(), Gone> {
        if self.end("REQUEUE", Status::RequeueSent, held)? {
            self.ledger.book().requeue_acknowledged(held);
        }
        Ok(())
    }

    /// Tells of a job that is in these hands for certain; whether that was accepted.
    fn end(&mut self, verb: &str, status: Status, held: &Held) -> Result<bool, Gone> {
        self.ledger.book().end_sent(&held.jid, status);
        let told = json!({"jid": held.jid, "errtype": "CrashTest", "message": "on purpose"});
        match self.client.cmd(format!("{verb} {told}")) {
            Reply::Closed => Err(Gone),
            reply if reply.is_ok() => Ok(true),
            reply => {
                self.misanswered(&format!("{verb} of {}", held.jid), &reply);
                Ok(false)
            }
        }
    }

    pub(super) fn misanswered(&self, command: &str, reply: &Reply) {
        let what = format!("{command} was answered {reply:?}");
        self.ledger.book().violate(what);
    }
}
