//! A job on its way into the engine.

use std::time::Duration;

use workmill_proto::Timestamp;
use workmill_store::{JobRecord, LockKey};

use crate::makers::ClientId;

/// A job to push, made ready outside of the engine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewJob {
    /// As it will be stored; `enqueued_at` is filled in by the engine.
    pub record: JobRecord,
    /// The moment it is for, if the client named one.
    pub at: Option<Timestamp>,
    /// Who pushes it.
    pub client: ClientId,
    /// The lock it is to be pushed with, which becomes one of the record's features then.
    pub lock: Option<WantedLock>,
}

impl NewJob {
    /// The same as a run of this cron entry.
    pub(crate) fn of_cron(mut self, entry: &str) -> Self {
        let features = self.record.features.get_or_insert_default();
        features.cron = Some(entry.into());
        self
    }
}

/// A lock that a job wants.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WantedLock {
    /// Which lock.
    pub key: LockKey,
    /// How long it lasts, from the moment the job is for.
    pub lasts: Duration,
    /// Whether it is given back when the job is handed out; else when it is acknowledged.
    pub until_start: bool,
}
