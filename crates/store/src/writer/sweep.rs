//! FLUSH, and the later deletion of what was flushed, removed or cleared.

use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::entries::Removal;
use super::order::place_of;
use super::place::{QueueId, keys_of, queue_of};
use super::queues::QueueState;
use super::rows::Rows;
use super::swept_jobs::SweptJobs;
use super::tx::WriterTx;
use crate::record::{Place, belongs_elsewhere};
use crate::{Counts, StoreError, Swept};

impl<R: Rows> WriterTx<'_, R> {
    /// Marks everything as flushed; deletes only the counters, which are one small row a day.
    pub(super) fn flush(&mut self) -> Result<(), StoreError> {
        self.begin()?;
        self.cache.flush();
        self.claimed.clear();
        // Of what was cleared before and not swept yet, nobody wants to know any more either.
        self.rows.mark_cleared_sets_flushed()?;
        for set in SetName::ALL {
            self.replace_set(set, Removal::Flushed)?;
        }
        self.tallies.generation += 1;
        self.counted.clear();
        self.tallies.counts = Counts::default();
        self.rows.delete_counts()
    }

    /// Deletes up to `limit` rows. Goes on where the last call stopped: a queue whose jobs are reserved stays to be
    /// swept, and many of them must not keep it from the rest.
    pub(super) fn sweep(&mut self, limit: usize) -> Result<Swept, StoreError> {
        let mut left = limit;
        let mut swept = SweptJobs::default();
        while left > 0
            && let Some(id) = self.cache.next_unswept()
        {
            let looked_at = self.sweep_queue(id, left, &mut swept)?;
            if looked_at < left {
                self.cache.sweep_from(id + 1);
            }
            // A queue without rows is a row itself.
            left = left.saturating_sub(looked_at.max(1));
        }
        left = left.saturating_sub(self.sweep_sets(left, &mut swept)?);
        left = left.saturating_sub(self.sweep_generations(left)?);
        if left > 0 {
            self.cache.sweep_from(0);
        }
        Ok(Swept {
            more: left == 0,
            with_features: swept.jobs,
        })
    }

    /// Sweeps a queue; frees its number when nothing of it is left. Tells how much of `limit` it has used up.
    fn sweep_queue(
        &mut self,
        id: QueueId,
        limit: usize,
        swept: &mut SweptJobs,
    ) -> Result<usize, StoreError> {
        let Some(queue) = self.cache.queues().get(id) else {
            return Ok(0);
        };
        let (state, from) = (queue.now.row.state, queue.now.swept_until);
        let (start, end) = keys_of(id).into_inner();
        let mut looked_at = 0;
        if state == QueueState::Flushed {
            self.begin()?;
            looked_at = self.rows.delete_some_reservations(start, end, limit)?;
        }
        let rest = limit.saturating_sub(looked_at);
        let keys = self.keys_from(state, (from, end, rest), swept)?;
        looked_at += swept.used_up(keys.len(), rest);
        for &key in &keys {
            if !self.is_out(key) {
                self.begin()?;
                self.rows.end_jobs(key, key)?;
            }
        }
        if let (Some(last), Some(queue)) = (keys.last(), self.cache.touch(id)) {
            queue.swept_until = last + 1;
        }
        if looked_at < limit && !self.is_handed_out(id) {
            self.cache.retire(id, QueueState::Free);
        }
        Ok(looked_at)
    }

    /// The keys of jobs from a first one to a last one, up to a limit. Of a queue that was not flushed, keeps those with features
    /// that are about to be deleted; of one that was, only the sizes are read.
    fn keys_from(
        &mut self,
        state: QueueState,
        range: (i64, i64, usize),
        swept: &mut SweptJobs,
    ) -> Result<Vec<i64>, StoreError> {
        let (first, last, limit) = range;
        let mut keys = Vec::new();
        let mut odd = None;
        if swept.are_enough() {
            return Ok(keys);
        }
        if state == QueueState::Flushed {
            self.rows
                .job_sizes_within((first, last), limit, |key, size| {
                    swept.note(size);
                    keys.push(key);
                    swept.go_on()
                })?;
            return Ok(keys);
        }
        let (mirror, claimed) = (self.cache.mirror(), &self.claimed);
        self.rows.jobs_within((first, last), limit, |key, record| {
            if !mirror.contains(key) && !claimed.contains(&key) {
                let place = Place::Job { key };
                let job = record.decode(place);
                if job.is_err() && belongs_elsewhere(place, record.bytes()) {
                    odd = Some(key);
                    return ControlFlow::Break(());
                }
                swept.note(record.bytes().len());
                swept.keep(job);
            }
            keys.push(key);
            swept.go_on()
        })?;
        if let Some(key) = odd {
            self.suspect(|| format!("the job under the key {key} is not where it belongs"))?;
        }
        Ok(keys)
    }

    /// Whether a job is with a worker, or on its way to one.
    fn is_out(&self, key: i64) -> bool {
        self.cache.mirror().contains(key) || self.claimed.contains(&key)
    }

    /// Whether any job of the queue is with a worker, or on its way to one.
    fn is_handed_out(&self, id: QueueId) -> bool {
        self.cache.mirror().last_within(keys_of(id)).is_some()
            || self.claimed.iter().any(|&key| queue_of(key) == Some(id))
    }

    fn sweep_sets(&mut self, limit: usize, swept: &mut SweptJobs) -> Result<usize, StoreError> {
        let mut deleted = 0;
        while deleted < limit {
            let Some((id, removal)) = self.rows.marked_set()? else {
                break;
            };
            self.begin()?;
            let rest = limit - deleted;
            let count = self.sweep_set(id, rest, removal, swept)?;
            deleted += count;
            if count < rest {
                self.rows.delete_set(id)?;
            }
        }
        Ok(deleted)
    }

    /// Deletes entries of a set; keeps jobs with features, if it was cleared. Tells how much of `limit` it has used up.
    fn sweep_set(
        &mut self,
        id: i64,
        limit: usize,
        removal: Removal,
        swept: &mut SweptJobs,
    ) -> Result<usize, StoreError> {
        let mut keys = Vec::new();
        let mut odd = None;
        if swept.are_enough() {
            return Ok(0);
        }
        let start = (id, i64::MIN, i64::MIN);
        self.rows.entries_after(start, limit, |key, record| {
            if key.0 != id {
                return ControlFlow::Break(());
            }
            let job = record.decode(place_of(key));
            if job.is_err() && belongs_elsewhere(place_of(key), record.bytes()) {
                odd = Some(key);
                return ControlFlow::Break(());
            }
            keys.push(key);
            swept.note(record.bytes().len());
            if removal == Removal::Cleared {
                swept.keep(job);
            }
            swept.go_on()
        })?;
        if let Some(key) = odd {
            self.suspect(|| format!("an entry is not where it belongs: it was found at {key:?}"))?;
        }
        self.rows.delete_entries(&keys)?;
        Ok(swept.used_up(keys.len(), limit))
    }

    /// Deletes what was kept in an older generation. Looks first: with nothing to delete, which is the rule, nothing is
    /// written and nothing has to be synced.
    fn sweep_generations(&mut self, limit: usize) -> Result<usize, StoreError> {
        let generation = self.tallies.generation;
        if limit == 0 || !self.rows.has_flushed(generation)? {
            return Ok(0);
        }
        self.begin()?;
        self.rows.delete_flushed(generation, limit)
    }
}
