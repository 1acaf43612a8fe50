//! Jobs in queues: pushed, claimed, looked at; queues paused and removed.

use std::ops::ControlFlow;

use workmill_proto::Timestamp;

use super::order::Rest;
use super::place::{POSITION_MAX, QueueId, key_at, keys_of};
use super::queues::QueueState;
use super::rows::{JOBS_AT_ONCE, Rows};
use super::tx::WriterTx;
use crate::record::Place;
use crate::{JobKey, JobRecord, SLICE_BYTES_MAX, StoreError, StoredJob};

/// So many bytes of records are inserted without waiting for more rows: they are in memory twice until then.
const ROWS_BYTES_ENOUGH: usize = 64 << 10;

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn enqueue(
        &mut self,
        jobs: &[&JobRecord],
        enqueued_at: Timestamp,
    ) -> Result<(), StoreError> {
        if jobs.is_empty() {
            return Ok(());
        }
        self.begin()?;
        // Jobs of one push mostly go to one queue: remember the last one found.
        let mut last: Option<(&str, QueueId)> = None;
        let mut rows = Vec::with_capacity(jobs.len().min(JOBS_AT_ONCE));
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
            if rows.len() == JOBS_AT_ONCE || self.encoded.len() >= ROWS_BYTES_ENOUGH {
                self.rows.insert_jobs(&rows, self.encoded)?;
                rows.clear();
                self.encoded.clear();
            }
        }
        self.rows.insert_jobs(&rows, self.encoded)
    }

    fn next_key(&mut self, id: QueueId) -> Result<i64, StoreError> {
        let missing = || StoreError::Inconsistent(format!("queue number {id} is unknown"));
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

    pub(super) fn claim(
        &mut self,
        queue: &str,
        limit: usize,
    ) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
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
        self.cache.note_claimed(id, jobs.len());
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

    fn claim_from_head(&mut self, id: QueueId, claimed: &mut Claimed) -> Result<(), StoreError> {
        let Some(queue) = self.cache.touch(id) else {
            return Ok(());
        };
        let mut passed = None;
        let limit = claimed.limit - claimed.jobs.len();
        let range = (queue.head, *keys_of(id).end());
        self.rows.jobs_within(range, limit, |key, record| {
            if key < queue.head {
                passed = Some(key);
                return ControlFlow::Break(());
            }
            queue.head = key + 1;
            claimed.add(key, record.decode(Place::Job { key }));
            match claimed.wants_more() {
                true => ControlFlow::Continue(()),
                false => ControlFlow::Break(()),
            }
        })?;
        match passed {
            Some(key) => self.suspect(|| format!("the job under the key {key} is out of order")),
            None => Ok(()),
        }
    }

    /// The job under this key, waiting or not.
    pub(super) fn read_job(&mut self, key: i64) -> Result<Option<StoredJob>, StoreError> {
        self.rows
            .job(key, |record| record.decode(Place::Job { key }))
    }

    /// The job under this key, waiting or not, without its payload.
    pub(super) fn read_job_head(&mut self, key: i64) -> Result<Option<StoredJob>, StoreError> {
        self.rows
            .job(key, |record| record.decode_head(Place::Job { key }))
    }

    pub(super) fn set_paused(&mut self, queues: &[&str], paused: bool) -> Result<(), StoreError> {
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

    pub(super) fn remove_queues(&mut self, queues: &[&str]) {
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
        self.bytes += bytes_of(&job);
        self.jobs.push((JobKey(key), job));
    }
}

/// How much memory the payload and the attempts of a job take, or what is there in its place.
pub(super) fn bytes_of(job: &StoredJob) -> usize {
    match job {
        Ok(record) => record.bytes(),
        Err(corrupt) => corrupt.bytes.len(),
    }
}
