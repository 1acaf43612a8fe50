//! Jobs in queues: pushed, claimed, looked at; queues paused and removed.

use std::ops::Range;

use rusqlite::types::ValueRef;
use rusqlite::{OptionalExtension, Row};
use workmill_proto::Timestamp;

use super::failure;
use super::order::Rest;
use super::place::{POSITION_MAX, QueueId, key_at, keys_of};
use super::queues::QueueState;
use super::sql::Sql;
use super::tx::SqliteTx;
use crate::record::Place;
use crate::{CorruptRecord, JobKey, JobRecord, SLICE_BYTES_MAX, StoreError, StoredJob};

/// How many jobs one statement inserts, where there are so many, the most first. Most of what one costs is not its
/// rows': above all, SQLite copies each page that a statement with several rows changes.
const SIZES: [(usize, Sql); 2] = [(ROWS_MAX, Sql::JobsInsert32), (8, Sql::JobsInsert8)];

/// The most of them.
const ROWS_MAX: usize = 32;

/// So many bytes of records are inserted without waiting for more rows: they are in memory twice until then.
const ROWS_BYTES_ENOUGH: usize = 64 << 10;

impl SqliteTx<'_> {
    pub(super) fn enqueue_jobs(
        &mut self,
        jobs: &[&JobRecord],
        enqueued_at: Timestamp,
    ) -> Result<(), StoreError> {
        let sqlite = |error: rusqlite::Error| failure::of_statement(&error);
        if jobs.is_empty() {
            return Ok(());
        }
        self.begin().map_err(sqlite)?;
        // Jobs of one push mostly go to one queue: remember the last one found.
        let mut last: Option<(&str, QueueId)> = None;
        let mut rows = Vec::with_capacity(jobs.len().min(ROWS_MAX));
        self.encoded.clear();
        for job in jobs {
            let id = match last {
                Some((name, id)) if *name == *job.queue => id,
                _ => self
                    .cache
                    .find_or_make(&job.queue)
                    .map_err(StoreError::Statement)?,
            };
            last = Some((&job.queue, id));
            let key = self.next_key(id)?;
            let start = self.encoded.len();
            job.encode_enqueued(Place::Job { key }, Some(enqueued_at), self.encoded);
            rows.push((key, start..self.encoded.len()));
            if rows.len() == ROWS_MAX || self.encoded.len() >= ROWS_BYTES_ENOUGH {
                self.insert_rows(&rows).map_err(sqlite)?;
                rows.clear();
                self.encoded.clear();
            }
        }
        self.insert_rows(&rows).map_err(sqlite)
    }

    /// Inserts jobs of which `encoded` has the records, with as few statements as there are for it.
    fn insert_rows(&mut self, rows: &[(i64, Range<usize>)]) -> rusqlite::Result<()> {
        let mut rest = rows;
        for (size, sql) in SIZES {
            while let Some((now, later)) = rest.split_at_checked(size) {
                self.insert_at_once(sql, now)?;
                rest = later;
            }
        }
        for (key, range) in rest {
            let record = self.encoded.get(range.clone()).unwrap_or_default();
            let insert = self.statements.get(Sql::JobInsert)?;
            insert.execute((key, record))?;
        }
        Ok(())
    }

    /// Inserts jobs by one statement, which takes exactly so many.
    fn insert_at_once(&mut self, sql: Sql, rows: &[(i64, Range<usize>)]) -> rusqlite::Result<()> {
        let insert = self.statements.get(sql)?;
        for (index, (key, range)) in rows.iter().enumerate() {
            let record = self.encoded.get(range.clone()).unwrap_or_default();
            insert.raw_bind_parameter(2 * index + 1, key)?;
            insert.raw_bind_parameter(2 * index + 2, record)?;
        }
        insert.raw_execute()?;
        // They are kept until they are bound anew.
        insert.clear_bindings();
        Ok(())
    }

    fn next_key(&mut self, id: QueueId) -> Result<i64, StoreError> {
        let missing = || StoreError::Statement(format!("queue number {id} is unknown"));
        let queue = self.cache.touch(id).ok_or_else(missing)?;
        let row = &mut queue.row;
        if row.position_next > POSITION_MAX {
            return Err(StoreError::Statement(format!(
                "queue {} has used up its positions: drain it and remove it",
                row.name
            )));
        }
        let key = key_at(id, row.position_next);
        row.position_next += 1;
        row.size += 1;
        Ok(key)
    }

    pub(super) fn claim_jobs(
        &mut self,
        queue: &str,
        limit: usize,
    ) -> rusqlite::Result<Vec<(JobKey, StoredJob)>> {
        let mut claimed = Claimed::of(limit);
        let Some((id, size)) = self.claimable(queue) else {
            return Ok(claimed.jobs);
        };
        self.begin()?;
        while claimed.wants_more()
            && let Some(key) = self.cache.take_returned(id)
        {
            match self.read_job(key)? {
                Some(job) => claimed.add(key, job),
                None => self.suspect(|| format!("the job under the key {key} is not found"))?,
            }
        }
        if claimed.wants_more() && (claimed.jobs.len() as u64) < size {
            self.claim_from_head(id, &mut claimed)?;
        }
        let wants_more = claimed.wants_more();
        let jobs = claimed.jobs;
        if let Some(now) = self.cache.touch(id) {
            now.row.size = now.row.size.saturating_sub(jobs.len() as u64);
        }
        for (key, job) in &jobs {
            self.check_job(key.0, job)?;
        }
        let found = jobs.len() as u64;
        self.check_claim(queue, (size, found, wants_more), self.rest_of(id))?;
        self.claimed.extend(jobs.iter().map(|(key, _)| key.0));
        Ok(jobs)
    }

    /// The queue of this name and how many jobs wait in it, if any may be claimed.
    fn claimable(&self, queue: &str) -> Option<(QueueId, u64)> {
        let id = self.cache.queues().find(queue)?;
        let row = &self.cache.queues().get(id)?.now.row;
        (!row.paused && row.size > 0).then_some((id, row.size))
    }

    /// What is left of a queue for later claims.
    fn rest_of(&self, id: QueueId) -> Rest {
        let rest = self.cache.queues().get(id).map(|queue| {
            let next = key_at(id, queue.now.row.position_next);
            Rest {
                waiting: queue
                    .now
                    .row
                    .size
                    .saturating_sub(queue.returned.len() as u64),
                positions: next.abs_diff(queue.now.head.min(next)),
            }
        });
        rest.unwrap_or_default()
    }

    fn claim_from_head(&mut self, id: QueueId, claimed: &mut Claimed) -> rusqlite::Result<()> {
        let Some(queue) = self.cache.touch(id) else {
            return Ok(());
        };
        let mut passed = None;
        let limit = claimed.limit - claimed.jobs.len();
        let statement = self.statements.get(Sql::JobsFrom)?;
        let mut rows = statement.query((queue.head, keys_of(id).end(), limit))?;
        while claimed.wants_more()
            && let Some(row) = rows.next()?
        {
            let key: i64 = row.get(0)?;
            if key < queue.head {
                passed = Some(key);
                break;
            }
            queue.head = key + 1;
            claimed.add(key, stored_job(row, 1, Place::Job { key })?);
        }
        drop(rows);
        match passed {
            Some(key) => self.suspect(|| format!("the job under the key {key} is out of order")),
            None => Ok(()),
        }
    }

    /// The job under this key, waiting or not.
    pub(super) fn read_job(&mut self, key: i64) -> rusqlite::Result<Option<StoredJob>> {
        let read = self.statements.get(Sql::JobRead)?;
        read.query_row((key,), |row| stored_job(row, 0, Place::Job { key }))
            .optional()
    }

    /// The job under this key, waiting or not, without its payload.
    pub(super) fn read_job_head(&mut self, key: i64) -> rusqlite::Result<Option<StoredJob>> {
        let read = self.statements.get(Sql::JobRead)?;
        read.query_row((key,), |row| stored_head(row, 0, Place::Job { key }))
            .optional()
    }

    pub(super) fn read_head(
        &mut self,
        queue: &str,
    ) -> rusqlite::Result<Option<(JobKey, StoredJob)>> {
        let Some(id) = self.cache.queues().find(queue) else {
            return Ok(None);
        };
        let Some(queue) = self.cache.queues().get(id) else {
            return Ok(None);
        };
        let first = queue.returned.first().copied().unwrap_or(queue.now.head);
        let read = self.statements.get(Sql::JobsFrom)?;
        read.query_row((first, keys_of(id).end(), 1), |row| {
            let key: i64 = row.get(0)?;
            Ok((JobKey(key), stored_job(row, 1, Place::Job { key })?))
        })
        .optional()
    }

    pub(super) fn mark_paused(&mut self, queues: &[&str], paused: bool) -> Result<(), StoreError> {
        for name in queues {
            let id = if paused {
                Some(
                    self.cache
                        .find_or_make(name)
                        .map_err(StoreError::Statement)?,
                )
            } else {
                self.cache.queues().find(name)
            };
            if let Some(queue) = id.and_then(|id| self.cache.touch(id)) {
                queue.row.paused = paused;
            }
        }
        Ok(())
    }

    pub(super) fn mark_removed(&mut self, queues: &[&str]) {
        for name in queues {
            if let Some(id) = self.cache.queues().find(name) {
                self.cache.retire(id, QueueState::Removed);
            }
        }
    }
}

/// The jobs that one claim has taken so far.
struct Claimed {
    jobs: Vec<(JobKey, StoredJob)>,
    limit: usize,
    bytes: usize,
}

impl Claimed {
    fn of(limit: usize) -> Self {
        Self {
            jobs: Vec::new(),
            limit,
            bytes: 0,
        }
    }

    fn wants_more(&self) -> bool {
        self.jobs.len() < self.limit && self.bytes < SLICE_BYTES_MAX
    }

    fn add(&mut self, key: i64, job: StoredJob) {
        self.bytes += match &job {
            Ok(record) => record.body.len(),
            Err(corrupt) => corrupt.bytes.len(),
        };
        self.jobs.push((JobKey(key), job));
    }
}

/// Reads a record in place; whatever else lies there is handed on as unreadable.
pub(super) fn stored_job(
    row: &Row<'_>,
    column: usize,
    place: Place,
) -> rusqlite::Result<StoredJob> {
    decode_in_place(row, column, place, JobRecord::decode)
}

/// Like [`stored_job`], without the payload, or the bytes that cannot be read.
fn stored_head(row: &Row<'_>, column: usize, place: Place) -> rusqlite::Result<StoredJob> {
    let head = decode_in_place(row, column, place, JobRecord::decode_head)?;
    Ok(head.map_err(|corrupt| CorruptRecord {
        bytes: Vec::new(),
        ..corrupt
    }))
}

/// The bytes of a record, or of what else lies there.
pub(super) fn stored_bytes(row: &Row<'_>, column: usize) -> rusqlite::Result<Vec<u8>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) | ValueRef::Text(bytes) => bytes.to_vec(),
        _ => Vec::new(),
    })
}

fn decode_in_place(
    row: &Row<'_>,
    column: usize,
    place: Place,
    decode: fn(Place, &[u8]) -> StoredJob,
) -> rusqlite::Result<StoredJob> {
    Ok(match row.get_ref(column)? {
        ValueRef::Blob(bytes) => decode(place, bytes),
        ValueRef::Text(bytes) => Err(CorruptRecord {
            bytes: bytes.to_vec(),
            reason: "a text stands in place of a record".into(),
        }),
        _ => Err(CorruptRecord {
            bytes: Vec::new(),
            reason: "no bytes stand in place of a record".into(),
        }),
    })
}
