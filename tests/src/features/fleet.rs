//! Clients at work on one server, all writing into one book.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};

use super::book::FeatureLedger;
use super::producer::Producer;
use super::worker::Worker;

/// How many clients push.
const PRODUCERS: usize = 6;

/// How many clients fetch; two and two are of one worker.
const WORKERS: usize = 10;

/// Clients at work. They end when the server dies, or when they are told to.
#[derive(Debug)]
pub struct FeatureFleet {
    threads: Vec<JoinHandle<()>>,
    crew: Arc<Crew>,
}

/// What all clients of a fleet share.
#[derive(Debug)]
pub(super) struct Crew {
    pub(super) addr: SocketAddr,
    pub(super) ledger: Arc<FeatureLedger>,
    stopped: AtomicBool,
}

impl Crew {
    pub(super) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl FeatureFleet {
    /// Lets the clients loose. `name` goes into the job ids and must differ from fleet to fleet of one book;
    /// the seed decides what clients do, though not when.
    pub fn start(addr: SocketAddr, ledger: &Arc<FeatureLedger>, name: &str, seed: u64) -> Self {
        let mut rng = SmallRng::seed_from_u64(seed);
        let crew = Arc::new(Crew {
            addr,
            ledger: Arc::clone(ledger),
            stopped: AtomicBool::new(false),
        });
        let mut threads = Vec::new();
        for index in 0..PRODUCERS {
            let (crew, name) = (Arc::clone(&crew), format!("{name}-p{index}"));
            let seed = rng.random();
            threads.push(thread::spawn(move || {
                // The end of the server is the end of the work.
                let _ = Producer::run(crew, name, seed);
            }));
        }
        for index in 0..WORKERS {
            let (crew, wid) = (Arc::clone(&crew), format!("{name}-w{}", index / 2));
            let seed = rng.random();
            threads.push(thread::spawn(move || {
                let _ = Worker::run(crew, wid, seed);
            }));
        }
        Self { threads, crew }
    }

    /// Tells the clients to end, each after the command it is at, and waits for them. Panics if one of them panicked.
    pub fn stop(self) {
        self.crew.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
