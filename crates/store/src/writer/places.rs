//! Jobs of any place, for whoever goes through all that are there.

use std::ops::ControlFlow;

use workmill_proto::{SetName, SteadyTime};

use super::place::{key_at, queue_of};
use super::rows::Rows;
use super::tx::WriterTx;
use super::waiting::bytes_of;
use crate::record::Place as Stored;
use crate::slice::Slice;
use crate::{JobKey, JobRef, Place, SLICE_BYTES_MAX, SetTime, StoreError, StoredJob, Watermark};

type Jobs = Slice<(JobRef, StoredJob), JobRef>;

/// No job is at or below it.
const NOTHING: Watermark = Watermark(i64::MIN);

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn watermark(&mut self, place: &Place) -> Result<Watermark, StoreError> {
        Ok(match place {
            Place::Queue(name) => {
                let queues = self.cache.queues();
                let queue = queues.find(name).and_then(|id| Some((id, queues.get(id)?)));
                queue.map_or(NOTHING, |(id, queue)| {
                    Watermark(key_at(id, queue.now.row.position_next) - 1)
                })
            }
            Place::Working => {
                let latest = self.cache.mirror().latest_start();
                latest.map_or(NOTHING, |latest| Watermark(latest.as_micros()))
            }
            Place::Set(_) => Watermark(self.tallies.last_serial),
        })
    }

    pub(super) fn size(&mut self, place: &Place) -> Result<u64, StoreError> {
        Ok(match place {
            Place::Queue(name) => {
                let queues = self.cache.queues();
                let queue = queues.find(name).and_then(|id| queues.get(id));
                queue.map_or(0, |queue| queue.now.row.size)
            }
            Place::Working => self.cache.mirror().len() as u64,
            Place::Set(set) => self.tallies.set(*set).size,
        })
    }

    pub(super) fn jobs(
        &mut self,
        place: &Place,
        after: Option<JobRef>,
        until: Watermark,
        limit: usize,
    ) -> Result<Jobs, StoreError> {
        let after_key = match after {
            Some(JobRef::Job(key)) => Some(key),
            Some(JobRef::Entry(_)) | None => None,
        };
        match place {
            Place::Queue(name) => self.waiting(name, after_key, until.0, limit),
            Place::Working => {
                let until = SteadyTime::from_micros(until.0);
                self.working(after_key, until, limit)
            }
            Place::Set(set) => self.in_set(*set, after, until.0, limit),
        }
    }

    fn in_set(
        &mut self,
        set: SetName,
        after: Option<JobRef>,
        until: i64,
        limit: usize,
    ) -> Result<Jobs, StoreError> {
        let after = match after {
            Some(JobRef::Entry(key)) if key.set == set => Some(key),
            _ => None,
        };
        let entries = self.entries(set, after, SetTime::MAX, limit)?;
        let next = entries.last().map(|last| JobRef::Entry(last.key));
        let there = entries
            .into_iter()
            .filter(|entry| entry.key.serial <= until);
        Ok(Slice {
            items: there
                .map(|entry| (JobRef::Entry(entry.key), entry.job))
                .collect(),
            next,
        })
    }

    /// First those that came back, then those that were never handed out: all of these come behind.
    fn waiting(
        &mut self,
        queue: &str,
        after: Option<JobKey>,
        until: i64,
        limit: usize,
    ) -> Result<Jobs, StoreError> {
        let id = self.cache.queues().find(queue);
        // Another queue of the name has none of the jobs that were there.
        let id = id.filter(|id| queue_of(until) == Some(*id));
        let Some((id, queue)) = id.and_then(|id| Some((id, self.cache.queues().get(id)?))) else {
            return Ok(Read::of(0).into_slice());
        };
        let first = after.map_or(key_at(id, 0), |after| after.0.saturating_add(1));
        let returned = queue.returned.iter().skip_while(|key| **key < first);
        let returned = returned.take_while(|key| **key <= until).take(limit);
        let returned: Vec<i64> = returned.copied().collect();
        let from = queue.now.head.max(first);
        let mut read = Read::of(limit);
        for key in returned {
            if read.is_full() {
                break;
            }
            match self.read_job(key)? {
                Some(job) => read.add(key, job),
                None => self.suspect(|| format!("the job under the key {key} is not found"))?,
            }
        }
        if !read.is_full() && from <= until {
            let mut passed = None;
            let limit = limit - read.jobs.len();
            self.rows.jobs_within((from, until), limit, |key, record| {
                if key < from {
                    passed = Some(key);
                    return ControlFlow::Break(());
                }
                read.add(key, record.decode(Stored::Job { key }));
                match read.is_full() {
                    true => ControlFlow::Break(()),
                    false => ControlFlow::Continue(()),
                }
            })?;
            if let Some(key) = passed {
                self.suspect(|| format!("the job under the key {key} is out of order"))?;
            }
        }
        for (key, job) in &read.jobs {
            self.check_job(*key, job)?;
        }
        Ok(read.into_slice())
    }

    fn working(
        &mut self,
        after: Option<JobKey>,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Jobs, StoreError> {
        let first = after.map_or(i64::MIN, |after| after.0.saturating_add(1));
        let held = self.cache.mirror().from(first).take(limit);
        let held: Vec<(i64, bool)> = held
            .map(|(key, held)| (key, held.reserved_at <= until))
            .collect();
        let mut read = Read::of(limit);
        let mut looked_at = 0;
        for &(key, is_meant) in &held {
            if read.is_full() {
                break;
            }
            looked_at += 1;
            if is_meant {
                match self.read_job(key)? {
                    Some(job) => read.add(key, job),
                    None => self.suspect(|| format!("the job under the key {key} is not found"))?,
                }
            }
        }
        let goes_on = looked_at == limit || looked_at < held.len();
        let last = looked_at.checked_sub(1).and_then(|last| held.get(last));
        Ok(Slice {
            next: last
                .filter(|_| goes_on)
                .map(|(key, _)| JobRef::Job(JobKey(*key))),
            ..read.into_slice()
        })
    }
}

/// The jobs that were read so far.
struct Read {
    jobs: Vec<(i64, StoredJob)>,
    limit: usize,
    bytes: usize,
}

impl Read {
    fn of(limit: usize) -> Self {
        Self {
            jobs: Vec::new(),
            limit,
            bytes: 0,
        }
    }

    fn is_full(&self) -> bool {
        self.jobs.len() >= self.limit || self.bytes >= SLICE_BYTES_MAX
    }

    fn add(&mut self, key: i64, job: StoredJob) {
        self.bytes += bytes_of(&job);
        self.jobs.push((key, job));
    }

    fn into_slice(self) -> Jobs {
        let at = |key| JobRef::Job(JobKey(key));
        let last = self.jobs.last().filter(|_| self.is_full());
        Slice {
            next: last.map(|(key, _)| at(*key)),
            items: self
                .jobs
                .into_iter()
                .map(|(key, job)| (at(key), job))
                .collect(),
        }
    }
}
