//! A client that fetches jobs, and ends, keeps or forgets them.

use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::seq::SliceRandom as _;
use rand::{Rng, SeedableRng};
use serde_json::json;

use super::fleet::Crew;
use super::hands::Hands;
use super::plan::{CRON_QUEUE, QUEUES};
use crate::course::Held;
use crate::fleet::{Gone, connect};
use crate::reply::Reply;

/// How many jobs a worker keeps for later, at most.
const KEPT_MAX: usize = 3;

pub(super) struct Worker {
    crew: Arc<Crew>,
    hands: Hands,
    rng: SmallRng,
    /// Jobs to be ended later.
    kept: Vec<Held>,
}

impl Worker {
    /// Works until the server dies, or the crew is stopped.
    pub(super) fn run(crew: Arc<Crew>, wid: String, seed: u64) -> Result<(), Gone> {
        let hands = Hands {
            client: connect(crew.addr, &wid)?,
            wid,
            ledger: Arc::clone(&crew.ledger),
        };
        let mut worker = Self {
            crew,
            hands,
            rng: SmallRng::seed_from_u64(seed),
            kept: Vec::new(),
        };
        while !worker.crew.is_stopped() {
            worker.turn()?;
        }
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Gone> {
        let queues = self.queues();
        if self.rng.random_bool(0.01) {
            // It asks for a job and leaves before it comes.
            self.hands.client.send(format!("FETCH {queues}"));
            self.hands.fetch_unknown(&queues);
            self.hands.client = connect(self.crew.addr, &self.hands.wid)?;
            return Ok(());
        }
        match self.hands.fetch(&queues)? {
            Some(held) => self.end(held),
            None => self.end_kept(),
        }
    }

    fn queues(&mut self) -> String {
        let mut queues = Vec::from(QUEUES);
        queues.push(CRON_QUEUE);
        queues.shuffle(&mut self.rng);
        let count = self.rng.random_range(2..=queues.len());
        queues[..count].join(" ")
    }

    fn end(&mut self, held: Held) -> Result<(), Gone> {
        match self.rng.random_range(0..100) {
            0..60 => self.hands.acknowledge(&held),
            60..75 => self.hands.fail(&held),
            75..82 => self.hands.requeue(&held),
            // This one is left to whoever comes after the next crash.
            82..84 => Ok(()),
            84..88 => {
                self.report(&held)?;
                self.hands.acknowledge(&held)
            }
            _ => {
                self.kept.push(held);
                match self.kept.len() > KEPT_MAX {
                    true => self.end_kept(),
                    false => Ok(()),
                }
            }
        }
    }

    fn end_kept(&mut self) -> Result<(), Gone> {
        if self.kept.is_empty() {
            return Ok(());
        }
        let index = self.rng.random_range(0..self.kept.len());
        let held = self.kept.swap_remove(index);
        self.hands.acknowledge(&held)
    }

    /// Tells how far it has come.
    fn report(&mut self, held: &Held) -> Result<(), Gone> {
        let update = json!({"jid": held.jid, "percent": 50, "desc": "half of it"});
        match self.hands.client.cmd(format!("TRACK SET {update}")) {
            Reply::Closed => Err(Gone),
            reply => {
                if !reply.is_ok() {
                    self.hands.misanswered("TRACK SET", &reply);
                }
                Ok(())
            }
        }
    }
}
