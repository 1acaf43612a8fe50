//! The table of jobs.

use std::collections::BTreeMap;
use std::ops::{ControlFlow, Range};
use std::sync::Arc;

use super::super::pages::{RECORDS_MAX, ROWS_MAX, column, is_last_page, turn};
use super::super::request::Value;
use super::super::sql::Sql;
use super::super::windows::{Known, is_open};
use super::batch::Requests;
use super::{PostgresRows, Tables};
use crate::record::RawRecord;
use crate::writer::JobRows;
use crate::{SLICE_BYTES_MAX, StoreError};

/// What is to be done to a row.
#[derive(Debug)]
enum Change {
    Insert(Arc<[u8]>),
    Update(Arc<[u8]>),
    Delete,
}

/// What was changed and is not written yet.
#[derive(Debug, Default)]
pub(super) struct JobChanges {
    rows: BTreeMap<i64, Change>,
    bytes: usize,
}

impl JobChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes of records are to be written.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    fn insert(&mut self, key: i64, record: Arc<[u8]>) {
        self.bytes += record.len();
        self.rows.insert(key, Change::Insert(record));
    }

    fn update(&mut self, key: i64, record: Arc<[u8]>) -> bool {
        self.bytes += record.len();
        let change = match self.rows.get(&key) {
            Some(Change::Delete) => return false,
            Some(Change::Insert(_)) => Change::Insert(record),
            Some(Change::Update(_)) | None => Change::Update(record),
        };
        self.rows.insert(key, change);
        true
    }

    fn delete(&mut self, key: i64) {
        // What was never written need not be deleted.
        if !matches!(self.rows.get(&key), Some(Change::Insert(_))) {
            self.rows.insert(key, Change::Delete);
        } else {
            self.rows.remove(&key);
        }
    }

    /// What writes all of it.
    pub(super) fn put<'a>(&'a self, requests: &mut Requests<'a>) {
        let mut gone = Vec::new();
        let (mut new, mut changed) = ((Vec::new(), Vec::new()), (Vec::new(), Vec::new()));
        for (&key, change) in &self.rows {
            let (keys, records, record) = match change {
                Change::Delete => {
                    gone.push(key);
                    continue;
                }
                Change::Insert(record) => (&mut new.0, &mut new.1, record),
                Change::Update(record) => (&mut changed.0, &mut changed.1, record),
            };
            keys.push(key);
            records.push(&**record);
        }
        if !gone.is_empty() {
            requests.push(Sql::JobsDelete, vec![Value::Ints(gone)]);
        }
        for (sql, (keys, records)) in [(Sql::JobsInsert, new), (Sql::JobsUpdate, changed)] {
            if !keys.is_empty() {
                requests.push(sql, vec![Value::Ints(keys), Value::Many(records)]);
            }
        }
    }
}

impl JobRows for PostgresRows<'_> {
    fn insert_jobs(
        &mut self,
        jobs: &[(i64, Range<usize>)],
        records: &[u8],
    ) -> Result<(), StoreError> {
        for (key, range) in jobs {
            let record = records.get(range.clone()).unwrap_or_default();
            self.insert_job(*key, record);
        }
        self.write_if_much()
    }

    fn job<T>(
        &mut self,
        key: i64,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        match self.windows.get(key) {
            Known::There(record) => return Ok(Some(read(RawRecord::Bytes(record)))),
            Known::Gone => return Ok(None),
            Known::Nothing => {}
        }
        match self.jobs.rows.get(&key) {
            Some(Change::Insert(record) | Change::Update(record)) => {
                return Ok(Some(read(RawRecord::Bytes(record))));
            }
            Some(Change::Delete) => return Ok(None),
            None => {}
        }
        let rows = self.rows(Tables::NONE, Sql::JobRead, vec![key.into()])?;
        let row = rows.first();
        row.map(|row| Ok(read(RawRecord::Bytes(column(row, 0)?))))
            .transpose()
    }

    fn jobs_within(
        &mut self,
        (mut first, last): (i64, i64),
        mut limit: usize,
        mut each: impl FnMut(i64, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        if let Some((known_last, known)) = self.windows.from(first) {
            for (key, record) in known.take_while(|(key, _)| *key <= last).take(limit) {
                limit -= 1;
                if each(key, RawRecord::Bytes(record)).is_break() {
                    return Ok(());
                }
            }
            if known_last >= last {
                return Ok(());
            }
            first = known_last + 1;
        }
        while limit > 0 {
            let page = self.read_page((first, last), limit)?;
            for (key, record) in page.rows.iter().take(limit) {
                if each(*key, RawRecord::Bytes(record)).is_break() {
                    return Ok(());
                }
            }
            if page.last >= last {
                return Ok(());
            }
            limit -= page.rows.len().min(limit);
            first = page.last + 1;
        }
        Ok(())
    }

    fn job_sizes_within(
        &mut self,
        (first, last): (i64, i64),
        limit: usize,
        mut each: impl FnMut(i64, usize) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let page = |behind: Option<&i64>, wanted: usize| {
            let first = behind.map_or(first, |behind| behind + 1);
            let values = vec![first.into(), last.into(), wanted.into()];
            self.rows(Tables::JOBS, Sql::JobSizesWithin, values)
        };
        turn(limit, ROWS_MAX, page, |row| {
            let (key, size): (i64, i64) = (column(row, 0)?, column(row, 1)?);
            let size = usize::try_from(size).unwrap_or_default();
            Ok((key, each(key, size)))
        })
    }

    fn update_job(&mut self, key: i64, record: &[u8]) -> Result<bool, StoreError> {
        let record: Arc<[u8]> = record.into();
        self.windows.update(key, &record);
        Ok(self.jobs.update(key, record))
    }

    fn move_job(&mut self, from: i64, to: i64, record: &[u8]) -> Result<(), StoreError> {
        self.delete_job(from);
        self.insert_job(to, record);
        Ok(())
    }

    fn job_before(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.neighbour(Sql::JobBefore, key)
    }

    fn job_after(&mut self, key: i64) -> Result<Option<i64>, StoreError> {
        self.neighbour(Sql::JobAfter, key)
    }

    fn delete_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        let values = vec![first.into(), last.into()];
        let deleted = self.ask(Tables::JOBS, Sql::JobsDeleteWithin, values)?;
        if deleted.changed > 0 {
            (first..=last).for_each(|key| self.windows.remove(key));
        }
        Ok(usize::try_from(deleted.changed).unwrap_or(usize::MAX))
    }

    fn end_jobs(&mut self, first: i64, last: i64) -> Result<usize, StoreError> {
        let keys = first..=last;
        keys.clone().for_each(|key| self.delete_job(key));
        Ok(keys.count())
    }
}

/// Jobs that were read: all from a first key to this last one.
struct Page {
    rows: Vec<(i64, Arc<[u8]>)>,
    last: i64,
}

impl PostgresRows<'_> {
    fn insert_job(&mut self, key: i64, record: &[u8]) {
        let record: Arc<[u8]> = record.into();
        self.windows.insert(key, &record);
        self.jobs.insert(key, record);
    }

    fn delete_job(&mut self, key: i64) {
        self.windows.remove(key);
        self.jobs.delete(key);
    }

    /// Reads the first jobs of a range: more than are wanted, if it goes to the end of a queue, and keeps them.
    fn read_page(&mut self, (first, last): (i64, i64), wanted: usize) -> Result<Page, StoreError> {
        let reads_ahead = is_open(last);
        let wanted = if reads_ahead {
            RECORDS_MAX
        } else {
            wanted.min(RECORDS_MAX)
        };
        let bytes = SLICE_BYTES_MAX.into();
        let values = vec![first.into(), last.into(), wanted.into(), bytes];
        let rows = self.rows(Tables::JOBS, Sql::JobsWithin, values)?;
        let is_last = is_last_page(&rows, wanted);
        let rows = rows.iter().map(|row| {
            let record: &[u8] = column(row, 1)?;
            Ok((column(row, 0)?, Arc::from(record)))
        });
        let rows: Vec<(i64, Arc<[u8]>)> = rows.collect::<Result<_, StoreError>>()?;
        let last = match rows.last() {
            Some((key, _)) if !is_last => *key,
            _ => last,
        };
        if reads_ahead {
            self.windows.take_in((first, last), rows.clone());
        }
        Ok(Page { rows, last })
    }

    fn neighbour(&mut self, sql: Sql, key: i64) -> Result<Option<i64>, StoreError> {
        let rows = self.rows(Tables::JOBS, sql, vec![key.into()])?;
        rows.first().map(|row| column(row, 0)).transpose()
    }
}
