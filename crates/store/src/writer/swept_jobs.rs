//! What a sweep deletes: the jobs with features, and how large all of it is.

use std::ops::ControlFlow;

use crate::{JobRecord, SLICE_BYTES_MAX, StoredJob};

/// What was found so far.
#[derive(Debug, Default)]
pub(super) struct SweptJobs {
    pub(super) jobs: Vec<JobRecord>,
    /// Of all jobs that are about to be deleted.
    bytes: usize,
}

impl SweptJobs {
    /// Keeps a job that is about to be deleted, if it has features.
    pub(super) fn keep(&mut self, job: StoredJob) {
        if let Ok(record) = job
            && record.features.is_some()
        {
            self.jobs.push(record);
        }
    }

    /// Notes that a record of so many bytes is about to be deleted.
    pub(super) fn note(&mut self, bytes: usize) {
        self.bytes += bytes;
    }

    /// Whether they are as large as memory should hold, and one transaction rewrite, at a time: nothing more is to be
    /// deleted then.
    pub(super) fn are_enough(&self) -> bool {
        self.bytes > SLICE_BYTES_MAX
    }

    /// Whether to look for more.
    pub(super) fn go_on(&self) -> ControlFlow<()> {
        match self.are_enough() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }

    /// How much of a limit is used up by so many rows: all of it once there is enough to tell.
    pub(super) fn used_up(&self, rows: usize, limit: usize) -> usize {
        if self.are_enough() { limit } else { rows }
    }
}
