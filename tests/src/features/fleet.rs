//! Clients at work on one server, all writing into one book.

use std::net::SocketAddr;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::book::FeatureLedger;
use super::producer::Producer;
use super::worker::Worker;
use crate::crew::{self, Clients};

/// How many clients push.
const PRODUCERS: usize = 6;

/// How many clients fetch; two and two are of one worker.
const WORKERS: usize = 10;

/// Clients at work. They end when the server dies, or when they are told to.
#[derive(Debug)]
pub struct FeatureFleet(Clients<FeatureLedger>);

/// What all clients of a fleet share.
pub(super) type Crew = crew::Crew<FeatureLedger>;

impl FeatureFleet {
    /// Lets the clients loose. `name` goes into the job ids and must differ from fleet to fleet of one book;
    /// the seed decides what clients do, though not when.
    pub fn start(addr: SocketAddr, ledger: &Arc<FeatureLedger>, name: &str, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let mut clients = Clients::new(addr, ledger, false);
        for index in 0..PRODUCERS {
            let (name, seed) = (format!("{name}-p{index}"), rng.random());
            clients.start(move |crew| {
                // The end of the server is the end of the work.
                let _ = Producer::run(crew, name, seed);
            });
        }
        for index in 0..WORKERS {
            let (wid, seed) = (format!("{name}-w{}", index / 2), rng.random());
            clients.start(move |crew| {
                let _ = Worker::run(crew, wid, seed);
            });
        }
        Self(clients)
    }

    /// Tells the clients to end, each after the command it is at, and waits for them. Panics if one of them panicked.
    pub fn stop(self) {
        self.0.stop();
    }
}
