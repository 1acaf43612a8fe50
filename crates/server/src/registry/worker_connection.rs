//! A connection's part in a worker.

use std::sync::Arc;

use super::worker::Worker;
use super::workers::Registry;

/// Says that a connection belongs to a worker; dropped when the connection closes.
#[derive(Debug)]
pub(crate) struct WorkerConnection {
    worker: Arc<Worker>,
    connection_id: u64,
    registry: Arc<Registry>,
}

impl WorkerConnection {
    pub(super) fn new(worker: Arc<Worker>, connection_id: u64, registry: Arc<Registry>) -> Self {
        Self {
            worker,
            connection_id,
            registry,
        }
    }

    /// The worker.
    pub(crate) fn worker(&self) -> &Worker {
        &self.worker
    }
}

impl Drop for WorkerConnection {
    fn drop(&mut self) {
        self.registry.leave(&self.worker, self.connection_id);
    }
}
