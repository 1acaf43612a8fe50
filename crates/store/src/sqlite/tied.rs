//! The jobs with ties that a sweep deletes.

use crate::{JobRecord, SLICE_BYTES_MAX, StoredJob};

/// Those found so far.
#[derive(Debug, Default)]
pub(super) struct Tied {
    pub(super) jobs: Vec<JobRecord>,
    bytes: usize,
}

impl Tied {
    /// Keeps a job that is about to be deleted, if it has ties.
    pub(super) fn keep(&mut self, job: StoredJob) {
        if let Ok(record) = job
            && record.ties.is_some()
        {
            self.bytes += record.body.len();
            self.jobs.push(record);
        }
    }

    /// Whether they are as many as memory should hold at a time: nothing more is to be deleted then.
    pub(super) fn are_enough(&self) -> bool {
        self.bytes > SLICE_BYTES_MAX
    }

    /// How much of a limit is used up by so many rows: all of it once there is enough to tell.
    pub(super) fn used_up(&self, rows: usize, limit: usize) -> usize {
        if self.are_enough() { limit } else { rows }
    }
}
