//! Syncing at intervals.

use std::io;
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use super::log::Log;
use crate::DiskWork;
use crate::writer::Poison;

/// The thread that syncs the write-ahead log at intervals. Dropping it syncs one last time.
#[derive(Debug)]
pub(super) struct IntervalSync {
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
    poison: Poison,
}

#[derive(Debug)]
struct Shared {
    log: Arc<Log>,
    stop: Mutex<bool>,
    stopping: Condvar,
}

impl IntervalSync {
    /// Starts the thread. A sync that fails ends it and poisons the store.
    pub(super) fn start(log: Arc<Log>, interval: Duration, poison: Poison) -> io::Result<Self> {
        let shared = Arc::new(Shared {
            log,
            stop: Mutex::new(false),
            stopping: Condvar::new(),
        });
        let thread = thread::Builder::new().name("store-sync".into()).spawn({
            let shared = Arc::clone(&shared);
            move || shared.run(interval)
        })?;
        Ok(Self {
            shared,
            thread: Some(thread),
            poison,
        })
    }
}

impl Drop for IntervalSync {
    fn drop(&mut self) {
        *self
            .shared
            .stop
            .lock()
            .unwrap_or_else(PoisonError::into_inner) = true;
        self.shared.stopping.notify_all();
        if let Some(Err(_)) = self.thread.take().map(JoinHandle::join) {
            self.poison.set("the syncing thread panicked".into());
        }
    }
}

impl Shared {
    fn run(&self, interval: Duration) {
        let mut stopped = false;
        while !stopped {
            let stop = self.stop.lock().unwrap_or_else(PoisonError::into_inner);
            let (stop, _) = self
                .stopping
                .wait_timeout_while(stop, interval, |stop| !*stop)
                .unwrap_or_else(PoisonError::into_inner);
            stopped = *stop;
            drop(stop);
            if self.log.sync_as(DiskWork::SyncLater).is_err() {
                return;
            }
        }
    }
}
