//! Clients at work on one server, each in a thread of its own, all writing into one ledger.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// What the clients share.
#[derive(Debug)]
pub(crate) struct Crew<L> {
    pub(crate) addr: SocketAddr,
    pub(crate) ledger: Arc<L>,
    /// Whether the server may answer `-ERR` because of a fault that is part of the test.
    pub(crate) errors_expected: bool,
    stopped: AtomicBool,
}

/// The clients. They end when the server dies, or when they are told to.
#[derive(Debug)]
pub(crate) struct Clients<L> {
    threads: Vec<JoinHandle<()>>,
    crew: Arc<Crew<L>>,
}

impl<L> Crew<L> {
    pub(crate) fn is_stopped(&self) -> bool {
        self.stopped.load(Ordering::Relaxed)
    }
}

impl<L: Send + Sync + 'static> Clients<L> {
    /// None yet.
    pub(crate) fn new(addr: SocketAddr, ledger: &Arc<L>, errors_expected: bool) -> Self {
        let crew = Crew {
            addr,
            ledger: Arc::clone(ledger),
            errors_expected,
            stopped: AtomicBool::new(false),
        };
        Self {
            threads: Vec::new(),
            crew: Arc::new(crew),
        }
    }

    /// Lets one loose.
    pub(crate) fn start(&mut self, work: impl FnOnce(Arc<Crew<L>>) + Send + 'static) {
        let crew = Arc::clone(&self.crew);
        self.threads.push(thread::spawn(move || work(crew)));
    }

    /// Tells them to end, each after the command it is at, and waits for them. Panics if one of them panicked.
    pub(crate) fn stop(self) {
        self.crew.stopped.store(true, Ordering::Relaxed);
        for thread in self.threads {
            if let Err(panic) = thread.join() {
                std::panic::resume_unwind(panic);
            }
        }
    }
}
