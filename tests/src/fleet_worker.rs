//! A client that fetches jobs, and ends, keeps or forgets them.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng};
use serde_json::{Value, json};

use crate::client::Client;
use crate::course::Held;
use crate::fleet::{Crew, Gone, QUEUES, connect};
use crate::reply::Reply;

pub(crate) struct Worker {
    crew: Arc<Crew>,
    wid: String,
    rng: SmallRng,
    /// Jobs to be ended later.
    kept: Vec<Held>,
}

impl Worker {
    pub(crate) fn new(crew: Arc<Crew>, wid: String, seed: u64) -> Self {
        Self {
            crew,
            wid,
            rng: SmallRng::seed_from_u64(seed),
            kept: Vec::new(),
        }
    }

    /// Begins with jobs that other workers left behind: reserved ones, and ones whose ACK had no answer.
    pub(crate) fn run(mut self, held: Vec<Held>, unacknowledged: Vec<Held>) {
        // The end of the server is the end of the work.
        let _ = self.work(held, unacknowledged);
    }

    fn work(&mut self, held: Vec<Held>, unacknowledged: Vec<Held>) -> Result<(), Gone> {
        let mut client = connect(self.crew.addr, &self.wid)?;
        for held in unacknowledged {
            if self.rng.random_bool(0.5) {
                self.acknowledge(&mut client, &held)?;
            }
        }
        for held in held {
            match self.rng.random_range(0..4) {
                0 => self.acknowledge(&mut client, &held)?,
                1 => self.fail(&mut client, &held)?,
                _ => {}
            }
        }
        while !self.crew.is_stopped() {
            if self.rng.random_bool(0.01) {
                client = self.vanish(client)?;
            } else if let Some(held) = self.fetch(&mut client)? {
                self.end(&mut client, held)?;
            }
        }
        Ok(())
    }

    fn fetch_line(&mut self) -> String {
        let mut queues = QUEUES;
        queues.shuffle(&mut self.rng);
        let count = self.rng.random_range(1..=queues.len());
        format!("FETCH {}", queues[..count].join(" "))
    }

    fn fetch(&mut self, client: &mut Client) -> Result<Option<Held>, Gone> {
        let reply = client.cmd(self.fetch_line());
        self.take_fetched(reply)
    }

    fn take_fetched(&self, reply: Reply) -> Result<Option<Held>, Gone> {
        match reply {
            Reply::Closed => {
                self.crew.ledger.fetch_unknown();
                Err(Gone)
            }
            Reply::Nil => Ok(None),
            reply @ Reply::Bulk(_) => Ok(self.crew.ledger.fetched(&reply.json())),
            reply => {
                self.crew.answered_oddly("FETCH", &reply);
                Ok(None)
            }
        }
    }

    /// Asks for a job and leaves before it comes.
    fn vanish(&mut self, mut client: Client) -> Result<Client, Gone> {
        client.send(self.fetch_line());
        self.crew.ledger.fetch_unknown();
        drop(client);
        connect(self.crew.addr, &self.wid)
    }

    fn end(&mut self, client: &mut Client, held: Held) -> Result<(), Gone> {
        match self.rng.random_range(0..100) {
            0..50 => self.acknowledge(client, &held),
            50..60 => {
                let next = self.acknowledge_and_fetch(client, &held)?;
                self.kept.extend(next);
                Ok(())
            }
            60..82 => self.fail(client, &held),
            82..90 => {
                self.kept.push(held);
                Ok(())
            }
            // This one is left to whoever comes after the next crash.
            90..92 => Ok(()),
            _ => {
                self.kept.push(held);
                let index = self.rng.random_range(0..self.kept.len());
                let kept = self.kept.swap_remove(index);
                self.acknowledge(client, &kept)
            }
        }
    }

    fn acknowledge(&self, client: &mut Client, held: &Held) -> Result<(), Gone> {
        self.crew.ledger.ack_sent(held);
        let reply = client.cmd(format!("ACK {}", json!({"jid": held.jid})));
        self.take_acknowledged(held, &reply)
    }

    fn take_acknowledged(&self, held: &Held, reply: &Reply) -> Result<(), Gone> {
        match reply {
            Reply::Closed => return Err(Gone),
            reply if reply.is_ok() => self.crew.ledger.ack_acknowledged(held),
            reply => {
                self.crew.answered_oddly("ACK", reply);
                self.crew.ledger.end_refused(held);
            }
        }
        Ok(())
    }

    /// ACK and FETCH in one packet, as fast clients do.
    fn acknowledge_and_fetch(
        &mut self,
        client: &mut Client,
        held: &Held,
    ) -> Result<Option<Held>, Gone> {
        self.crew.ledger.ack_sent(held);
        let lines = format!(
            "ACK {}\r\n{}\r\n",
            json!({"jid": held.jid}),
            self.fetch_line()
        );
        // A refused write shows when the reply is read.
        let _ = client.send_raw(lines.as_bytes());
        let reply = client.read_reply();
        if let Err(gone) = self.take_acknowledged(held, &reply) {
            self.crew.ledger.fetch_unknown();
            return Err(gone);
        }
        let reply = client.read_reply();
        self.take_fetched(reply)
    }

    /// The job must be reserved: the caller holds it.
    fn fail(&self, client: &mut Client, held: &Held) -> Result<(), Gone> {
        self.crew.ledger.fail_sent(held);
        let report: Value =
            json!({"jid": held.jid, "errtype": "CrashTest", "message": "on purpose"});
        match client.cmd(format!("FAIL {report}")) {
            Reply::Closed => return Err(Gone),
            reply if reply.is_ok() => self.crew.ledger.fail_acknowledged(held),
            Reply::Error(text) if text.contains("Job not found") => {
                self.crew.ledger.reservation_missing(held, &text);
            }
            reply => {
                self.crew.answered_oddly("FAIL", &reply);
                self.crew.ledger.end_refused(held);
            }
        }
        Ok(())
    }
}
