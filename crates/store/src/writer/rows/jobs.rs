//! Rows of jobs in queues.

use std::ops::{ControlFlow, Range};

use crate::StoreError;
use crate::record::RawRecord;

/// How many jobs the writer gives to [`JobRows::insert_jobs`] at once, at most.
pub const JOBS_AT_ONCE: usize = 32;

/// Jobs in queues, waiting or handed out: a record under each key.
pub trait JobRows {
    /// Inserts jobs under new keys, [`JOBS_AT_ONCE`] at most. Each has the record that is at its range of `records`.
    fn insert_jobs(
        &mut self,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError>;

    /// Reads a job; none if there is none under this key.
    fn job<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Tells of up to `limit` jobs from a first key to a last one, in their order, until it is told to stop.
    fn jobs_within(
        &mut self,
        keys: (i64, i64),
        limit: usize,
        each: impl FnMut(i64, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Like [`JobRows::jobs_within`], with the sizes of the records in bytes in their place.
    fn job_sizes_within(
        &mut self,
        keys: (i64, i64),
        limit: usize,
        each: impl FnMut(i64, usize) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Gives a job another record; tells whether there is one under this key, if that shows at once.
    fn update_job(&mut self, key: i64, record: &[u8]) -> Result<bool, StoreError>;

    /// Gives a job another key, and another record with it.
    fn move_job(&mut self, from: i64, to: i64, record: &[u8]) -> Result<(), StoreError>;

    /// The key of the last job before this key, as far as the order of the rows tells.
    fn job_before(&mut self, key: i64) -> Result<Option<i64>, StoreError>;

    /// The key of the first job after this key, as far as the order of the rows tells.
    fn job_after(&mut self, key: i64) -> Result<Option<i64>, StoreError>;

    /// Deletes the jobs from a first key to a last one; tells how many there were.
    fn delete_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError>;

    /// The same for keys that all have a job, as far as the writer knows; so a backend may delete them later, and take its
    /// word for how many there were.
    fn end_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        self.delete_jobs(first, last)
    }
}
