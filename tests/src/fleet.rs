//! Many clients at work on one server, all writing into one ledger.

use std::net::SocketAddr;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use serde_json::json;

use crate::client::Client;
use crate::crew::{self, Clients};
use crate::fleet_operator::operate;
use crate::fleet_producer::Producer;
use crate::fleet_worker::Worker;
use crate::ledger::Ledger;
use crate::reply::Reply;

/// The queues a fleet uses.
pub(crate) const QUEUES: [&str; 4] = ["critical", "default", "bulk", "low"];

/// Clients at work. They end when the server dies, or when they are told to.
#[derive(Debug)]
pub struct Fleet(Clients<Ledger>);

/// What a fleet is to be.
#[derive(Clone, Copy, Debug)]
pub struct FleetPlan {
    /// Clients that push.
    pub producers: usize,
    /// Clients that fetch, acknowledge, fail, hold and vanish.
    pub workers: usize,
    /// Whether the server may answer `-ERR` because of a fault that is part of the test.
    pub errors_expected: bool,
}

/// What all clients of a fleet share.
pub(crate) type Crew = crew::Crew<Ledger>;

/// The server closed the connection, or is no more.
#[derive(Debug)]
pub(crate) struct Gone;

impl Default for FleetPlan {
    fn default() -> Self {
        Self {
            producers: 8,
            workers: 14,
            errors_expected: false,
        }
    }
}

impl Fleet {
    /// Lets the clients loose. `name` goes into the job ids and must differ from fleet to fleet of one ledger;
    /// the seed decides what clients do, though not when.
    pub fn start(
        addr: SocketAddr,
        ledger: &Arc<Ledger>,
        plan: FleetPlan,
        name: &str,
        seed: u64,
    ) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut clients = Clients::new(addr, ledger, plan.errors_expected);
        let (held, unacknowledged) = ledger.orphans();
        for index in 0..plan.producers {
            let (name, seed) = (format!("{name}-p{index}"), rng.random());
            clients.start(move |crew| Producer::new(crew, name, seed).run());
        }
        for index in 0..plan.workers {
            let share = |all: &[_]| {
                all.iter()
                    .skip(index)
                    .step_by(plan.workers)
                    .cloned()
                    .collect()
            };
            let (held, unacknowledged) = (share(&held), share(&unacknowledged));
            let (wid, seed) = (format!("{name}-w{index}"), rng.random());
            clients.start(move |crew| Worker::new(crew, wid, seed).run(held, unacknowledged));
        }
        let seed = rng.random();
        clients.start(move |crew| operate(&crew, seed));
        Self(clients)
    }

    /// Tells the clients to end, each after the command it is at, and waits for them. Panics if one of them panicked.
    pub fn stop(self) {
        self.0.stop();
    }
}

impl Crew {
    /// An answer that the command may only have because of a fault, if at all.
    pub(crate) fn answered_oddly(&self, command: &str, reply: &Reply) {
        if self.errors_expected && matches!(reply, Reply::Error(_)) {
            self.ledger.command_refused();
        } else {
            self.ledger.misanswered(command, &format!("{reply:?}"));
        }
    }
}

/// A connection that has said HELLO; without a wid if it is empty.
pub(crate) fn connect(addr: SocketAddr, wid: &str) -> Result<Client, Gone> {
    let mut client = Client::try_connect(addr).map_err(|_| Gone)?;
    let hello = if wid.is_empty() {
        json!({"v": 2})
    } else {
        json!({"hostname": "fleet", "wid": wid, "v": 2})
    };
    match client.hello(&hello) {
        Reply::Closed => Err(Gone),
        reply => {
            assert_eq!(reply, Reply::ok(), "the answer to HELLO");
            Ok(client)
        }
    }
}
