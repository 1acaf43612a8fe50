//! The table of jobs.

use std::ops::{ControlFlow, Range};

use super::{MemoryRows, check_new};
use crate::StoreError;
use crate::record::RawRecord;
use crate::writer::JobRows;

impl JobRows for MemoryRows<'_> {
    fn insert_jobs(
        &mut self,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            for (key, range) in jobs {
                let record = records.get(range.clone()).unwrap_or_default();
                check_new(tables.jobs.put(*key, record.into()))?;
            }
            Ok(())
        })
    }

    fn job<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.with(|tables| {
            let record = tables.jobs.rows().get(&key);
            Ok(record.map(|record| read(RawRecord::Bytes(record))))
        })
    }

    fn jobs_within(
        &mut self,
        (first, last): (i64, i64),
        limit: usize,
        mut each: impl FnMut(i64, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            let mut jobs = tables.jobs.rows().range(first..=last).take(limit);
            // Whether it was told to stop means nothing here.
            let _ = jobs.try_for_each(|(&key, record)| each(key, RawRecord::Bytes(record)));
        });
        Ok(())
    }

    fn job_sizes_within(
        &mut self,
        keys: (i64, i64),
        limit: usize,
        mut each: impl FnMut(i64, usize) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.jobs_within(keys, limit, |key, record| each(key, record.bytes().len()))
    }

    fn update_job(&mut self, key: i64, record: &[u8]) -> Result<bool, StoreError> {
        self.with(|tables| {
            let is_there = tables.jobs.rows().contains_key(&key);
            if is_there {
                tables.jobs.put(key, record.into());
            }
            Ok(is_there)
        })
    }

    fn move_job(&mut self, from: i64, to: i64, record: &[u8]) -> Result<(), StoreError> {
        self.with(|tables| match tables.jobs.remove(&from) {
            true => check_new(tables.jobs.put(to, record.into())),
            false => Ok(()),
        })
    }

    fn job_before(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.with(|tables| {
            let before = tables.jobs.rows().range(..key).next_back();
            Ok(before.map(|(&key, _)| key))
        })
    }

    fn job_after(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.with(|tables| {
            let after = tables.jobs.rows().range(key..).find(|&(&at, _)| at != key);
            Ok(after.map(|(&key, _)| key))
        })
    }

    fn delete_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        self.with(|tables| {
            let keys = tables.jobs.rows().range(first..=last);
            let keys: Vec<i64> = keys.map(|(&key, _)| key).collect();
            Ok(tables.jobs.remove_all(&keys))
        })
    }
}
