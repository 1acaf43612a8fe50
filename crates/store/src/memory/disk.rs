//! What outlives a store.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::tables::Tables;
use crate::writer::queue_of;
use crate::{EntryKey, JobKey};

/// What happens to a commit of which nobody is told whether it happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownCommit {
    /// All of it is found at the next opening.
    Kept,
    /// Nothing of it is.
    Lost,
}

/// What a [`MemoryStore`](super::MemoryStore) writes to. Copies are the same disk: keep one, and open the store again on
/// it. Only one store may be open on it at a time.
#[derive(Clone, Debug)]
pub struct MemoryDisk(Arc<Mutex<Contents>>);

#[derive(Debug)]
pub(super) struct Contents {
    pub(super) tables: Tables,
    /// What happens to the next commit.
    pub(super) unknown: Option<UnknownCommit>,
}

impl Default for MemoryDisk {
    fn default() -> Self {
        Self(Arc::new(Mutex::new(Contents {
            tables: Tables::new(),
            unknown: None,
        })))
    }
}

impl MemoryDisk {
    /// Lets the next commit end in [`StoreError::Poisoned`](crate::StoreError::Poisoned). Once.
    pub fn answer_unknown(&self, commit: UnknownCommit) {
        self.lock().unknown = Some(commit);
    }

    /// Loses what was not synced, as the end of a database does whose machine loses its power. A store that is open on it
    /// knows nothing of it and must not go on.
    pub fn lose_power(&self) {
        self.lock().tables.lose_unsynced();
    }

    /// Makes everything durable that was committed, as a database does whose log is flushed for another of its clients.
    pub fn sync(&self) {
        self.lock().tables.sync();
    }

    /// The keys of all jobs in queues and under reservation, in their order.
    pub fn job_keys(&self) -> Vec<JobKey> {
        let contents = self.lock();
        contents
            .tables
            .jobs
            .rows()
            .keys()
            .map(|&key| JobKey(key))
            .collect()
    }

    /// How many jobs of a queue are under reservation, told by their keys alone: no record is read.
    pub fn count_reserved(&self, queue: &str) -> usize {
        let tables = &self.lock().tables;
        let queues = tables.queues.committed();
        let is_of_queue = |key: i64| {
            let row = queue_of(key).and_then(|id| queues.get(&id));
            row.is_some_and(|row| &*row.name == queue)
        };
        let reserved = tables.reservations.committed();
        reserved.keys().filter(|&&key| is_of_queue(key)).count()
    }

    /// Overwrites the stored form of a job, as a broken disk would; tells whether there is one. No store may be open.
    pub fn plant_job(&self, key: JobKey, bytes: &[u8]) -> bool {
        let tables = &mut self.lock().tables;
        let is_new = tables.jobs.put(key.0, bytes.into());
        tables.commit();
        !is_new
    }

    /// Overwrites the stored form of a job in a set; tells whether there is one. No store may be open.
    pub fn plant_entry(&self, key: EntryKey, bytes: &[u8]) -> bool {
        let tables = &mut self.lock().tables;
        let Some(id) = tables.set_id(key.set) else {
            return false;
        };
        let place = (id, key.at.as_micros(), key.serial);
        let is_new = tables.entries.put(place, bytes.into());
        tables.commit();
        !is_new
    }

    /// How many rows there are of all that grows with use: jobs, reservations, entries, tombstones, locks, batches,
    /// their links and moments, tracks, slots of history, the trash.
    pub fn count_rows(&self) -> usize {
        let tables = &self.lock().tables;
        let links = tables.batch_parents.rows().values();
        [
            tables.jobs.rows().len(),
            tables.reservations.rows().len(),
            tables.entries.rows().len(),
            tables.ends.rows().len(),
            tables.locks.rows().len(),
            tables.batches.rows().len(),
            tables.batch_details.rows().len(),
            links.map(|parents| parents.0.len()).sum(),
            tables.batch_dues.rows().len(),
            tables.tracks.rows().len(),
            tables.history.rows().len(),
            tables.failures.rows().len(),
            tables.trash.rows().len(),
            tables.trashed_jobs.rows().len(),
        ]
        .into_iter()
        .sum()
    }

    pub(super) fn lock(&self) -> MutexGuard<'_, Contents> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
