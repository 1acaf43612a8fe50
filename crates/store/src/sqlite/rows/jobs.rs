//! The table of jobs.

use std::ops::{ControlFlow, Range};

use super::{SqliteRows, raw};
use crate::StoreError;
use crate::record::RawRecord;
use crate::sqlite::sql::Sql;
use crate::writer::{JOBS_AT_ONCE, JobRows};

/// How many jobs one statement inserts, where there are so many, the most first. Most of what one costs is not its
/// rows': above all, SQLite copies each page that a statement with several rows changes.
const SIZES: [(usize, Sql); 2] = [(JOBS_AT_ONCE, Sql::JobsInsert32), (8, Sql::JobsInsert8)];

impl JobRows for SqliteRows<'_> {
    fn insert_jobs(
        &mut self,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError> {
        let mut rest = jobs;
        for (size, sql) in SIZES {
            while let Some((now, later)) = rest.split_at_checked(size) {
                self.insert_at_once(sql, now, records)?;
                rest = later;
            }
        }
        for (key, range) in rest {
            let record = records.get(range.clone()).unwrap_or_default();
            self.statements.execute(Sql::JobInsert, (key, record))?;
        }
        Ok(())
    }

    fn job<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.statements
            .row(Sql::JobRead, (key,), |row| Ok(read(raw(row, 0)?)))
    }

    fn jobs_within(
        &mut self,
        (first, last): (i64, i64),
        limit: usize,
        mut each: impl FnMut(i64, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.statements
            .rows(Sql::JobsWithin, (first, last, limit), |row| {
                Ok(each(row.get(0)?, raw(row, 1)?))
            })
    }

    fn job_sizes_within(
        &mut self,
        (first, last): (i64, i64),
        limit: usize,
        mut each: impl FnMut(i64, usize) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.statements
            .rows(Sql::JobSizesWithin, (first, last, limit), |row| {
                Ok(each(row.get(0)?, row.get(1)?))
            })
    }

    fn update_job(&mut self, key: i64, record: &[u8]) -> Result<bool, StoreError> {
        let updated = self.statements.execute(Sql::JobUpdate, (key, record))?;
        Ok(updated > 0)
    }

    fn move_job(&mut self, from: i64, to: i64, record: &[u8]) -> Result<(), StoreError> {
        self.statements.execute(Sql::JobMove, (from, to, record))?;
        Ok(())
    }

    fn job_before(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.statements
            .row(Sql::JobBefore, (key,), |row| row.get(0))
    }

    fn job_after(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.statements.row(Sql::JobAfter, (key,), |row| row.get(0))
    }

    fn delete_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        self.delete_run((Sql::JobDelete, Sql::JobsDelete), first, last)
    }
}

impl SqliteRows<'_> {
    /// Inserts jobs by one statement, which takes exactly so many.
    fn insert_at_once(
        &mut self,
        sql: Sql,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError> {
        self.statements.with(sql, |insert| {
            for (index, (key, range)) in jobs.iter().enumerate() {
                let record = records.get(range.clone()).unwrap_or_default();
                insert.raw_bind_parameter(2 * index + 1, key)?;
                insert.raw_bind_parameter(2 * index + 2, record)?;
            }
            insert.raw_execute()?;
            // They are kept until they are bound again.
            insert.clear_bindings();
            Ok(())
        })
    }

    /// Deletes rows from a first key to a last one.
    pub(super) fn delete_run(
        &mut self,
        (one, many): (Sql, Sql),
        first: i64,
        last: i64,
    ) -> Result<usize, StoreError> {
        match first == last {
            true => self.statements.execute(one, (first,)),
            false => self.statements.execute(many, (first, last)),
        }
    }
}
