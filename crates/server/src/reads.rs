//! What is read beside the committer: by a few threads at a time, none of which serves connections.

use std::collections::BTreeMap;
use std::sync::Arc;

use parking_lot::Mutex;
use tokio::sync::Semaphore;
use workmill_proto::Timestamp;
use workmill_store::sqlite::READERS_MAX;
use workmill_store::{Reading, StoreError};

use crate::cluster::Forwarding;

/// The way to the reading side of the store.
pub(crate) struct Reads {
    /// That of the term that lasts, or of the database that another server writes to.
    reading: Mutex<Option<Arc<dyn Reading>>>,
    /// The way to the server that has the store, if this one has none.
    elsewhere: Mutex<Option<Arc<Forwarding>>>,
    /// More threads would wait for a connection.
    turns: Arc<Semaphore>,
}

impl Default for Reads {
    fn default() -> Self {
        Self {
            reading: Mutex::default(),
            elsewhere: Mutex::default(),
            turns: Arc::new(Semaphore::new(READERS_MAX)),
        }
    }
}

impl Reads {
    /// From now on this is what is read.
    pub(crate) fn open(&self, reading: Arc<dyn Reading>) {
        *self.reading.lock() = Some(reading);
    }

    /// While nothing can be read here, this is the way to the server that has the store.
    pub(crate) fn ask(&self, elsewhere: Arc<Forwarding>) {
        *self.elsewhere.lock() = Some(elsewhere);
    }

    /// Nothing can be read any more.
    pub(crate) fn close(&self) {
        *self.reading.lock() = None;
    }

    /// Reads, when it is its turn, in a thread that may wait for the disk.
    pub(crate) async fn read<T: Send + 'static>(
        &self,
        read: impl FnOnce(&dyn Reading) -> Result<T, StoreError> + Send + 'static,
    ) -> Result<T, StoreError> {
        let failed = |reason: &str| StoreError::Statement(reason.to_owned());
        let turn = Arc::clone(&self.turns).acquire_owned().await;
        let turn = turn.map_err(|_| failed("nobody reads any more"))?;
        let reading = self.reading.lock().clone();
        let reading = reading.ok_or_else(|| failed("the store is closed"))?;
        let done = tokio::task::spawn_blocking(move || {
            // For as long as it reads, also if nobody waits for it any more.
            let _turn = turn;
            read(&*reading)
        });
        done.await
            .unwrap_or_else(|error| Err(failed(&error.to_string())))
    }

    /// How long the oldest job of each of these queues has waited at `now`, in seconds; 0 for an empty or unknown queue.
    pub(crate) async fn latencies(
        &self,
        queues: Vec<String>,
        now: Timestamp,
    ) -> Result<BTreeMap<String, f64>, StoreError> {
        if queues.is_empty() {
            return Ok(BTreeMap::new());
        }
        let is_open = self.reading.lock().is_some();
        let elsewhere = self.elsewhere.lock().clone();
        if let (false, Some(elsewhere)) = (is_open, elsewhere) {
            let seconds = elsewhere.latencies(queues.clone()).await;
            let seconds = seconds.map_err(StoreError::Statement)?;
            return Ok(queues.into_iter().zip(seconds).collect());
        }
        let read = move |reading: &dyn Reading| {
            let mut latencies = BTreeMap::new();
            let mut names: Vec<&str> = queues.iter().map(String::as_str).collect();
            while !names.is_empty() {
                let heads = reading.heads(&names)?;
                let rest = names.split_off(heads.len().clamp(1, names.len()));
                for (name, head) in names.iter().zip(heads) {
                    latencies.insert((*name).to_owned(), seconds_since(head, now));
                }
                names = rest;
            }
            Ok(latencies)
        };
        match self.read(read.clone()).await {
            // The connection to a database may have been lost since it was used last.
            Err(_) => self.read(read).await,
            told => told,
        }
    }
}

/// How long a job that was put into its queue then has waited, in seconds.
pub(crate) fn seconds_since(enqueued_at: Option<Timestamp>, now: Timestamp) -> f64 {
    enqueued_at.map_or(0.0, |at| now.since(at).as_secs_f64())
}
