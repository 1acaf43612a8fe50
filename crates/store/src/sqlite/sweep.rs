//! FLUSH, and the later deletion of what was flushed, removed or cleared.

use rusqlite::OptionalExtension;
use workmill_proto::SetName;

use super::entries::SetFate;
use super::order::place_of;
use super::place::{QueueId, TALLIES_KEY, keys_of, queue_of};
use super::queues::QueueState;
use super::sql::Sql;
use super::tied::Tied;
use super::tx::SqliteTx;
use super::waiting::stored_bytes;
use crate::record::{Place, belongs_elsewhere};
use crate::{Counts, JobRecord, Swept};

/// What is kept by generation: how to find the oldest one, and how to delete some rows of it.
const BY_GENERATION: [(Sql, Sql); 7] = [
    (Sql::FlushedEndsRead, Sql::FlushedEndsDelete),
    (Sql::FlushedLocksRead, Sql::FlushedLocksDelete),
    (Sql::FlushedBatchesRead, Sql::FlushedBatchesDelete),
    (Sql::FlushedDetailsRead, Sql::FlushedDetailsDelete),
    (Sql::FlushedLinksRead, Sql::FlushedLinksDelete),
    (Sql::FlushedDuesRead, Sql::FlushedDuesDelete),
    (Sql::FlushedTracksRead, Sql::FlushedTracksDelete),
];

impl SqliteTx<'_> {
    /// Marks everything as flushed; deletes only the counters, which are one small row a day.
    pub(super) fn mark_flushed(&mut self) -> rusqlite::Result<()> {
        self.begin()?;
        self.cache.flush();
        self.claimed.clear();
        // Of what was cleared before and not swept yet, nobody wants to know any more either.
        self.statements.get(Sql::SetsMarkFlushed)?.execute(())?;
        for set in SetName::ALL {
            self.replace_set(set, SetFate::Flushed)?;
        }
        self.tallies.generation += 1;
        self.counted.clear();
        self.tallies.counts = Counts::default();
        self.statements
            .get(Sql::CountersDelete)?
            .execute((TALLIES_KEY,))?;
        Ok(())
    }

    /// Deletes up to `limit` rows. Goes on where the last call stopped: a queue whose jobs are reserved stays to be
    /// swept, and many of them must not keep it from the rest.
    pub(super) fn sweep_rows(&mut self, limit: usize) -> rusqlite::Result<Swept> {
        let mut left = limit;
        let mut tied = Tied::default();
        while left > 0
            && let Some(id) = self.cache.next_unswept()
        {
            let looked_at = self.sweep_queue(id, left, &mut tied)?;
            if looked_at < left {
                self.cache.sweep_from(id + 1);
            }
            // A queue without rows is a row itself.
            left = left.saturating_sub(looked_at.max(1));
        }
        left = left.saturating_sub(self.sweep_sets(left, &mut tied)?);
        left = left.saturating_sub(self.sweep_generations(left)?);
        if left > 0 {
            self.cache.sweep_from(0);
        }
        Ok(Swept {
            more: left == 0,
            tied: tied.jobs,
        })
    }

    /// Sweeps a queue; frees its number when nothing of it is left. Tells how much of `limit` it has used up.
    fn sweep_queue(
        &mut self,
        id: QueueId,
        limit: usize,
        tied: &mut Tied,
    ) -> rusqlite::Result<usize> {
        let Some(queue) = self.cache.queues().get(id) else {
            return Ok(0);
        };
        let (state, from) = (queue.now.row.state, queue.now.swept_until);
        let (start, end) = keys_of(id).into_inner();
        let mut looked_at = 0;
        if state == QueueState::Flushed {
            self.begin()?;
            let delete = self.statements.get(Sql::ReservationsDeleteWithin)?;
            looked_at = delete.execute((start, end, limit))?;
        }
        let rest = limit.saturating_sub(looked_at);
        let keys = self.keys_from(state, (from, end, rest), tied)?;
        looked_at += tied.used_up(keys.len(), rest);
        for &key in &keys {
            if !self.is_out(key) {
                self.begin()?;
                self.statements.get(Sql::JobDelete)?.execute((key,))?;
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

    /// The keys of jobs from a first one to a last one, up to a limit. Of a queue that was not flushed, keeps those with ties
    /// that are about to be deleted; of one that was, only the sizes are read.
    fn keys_from(
        &mut self,
        state: QueueState,
        range: (i64, i64, usize),
        tied: &mut Tied,
    ) -> rusqlite::Result<Vec<i64>> {
        let flushed = state == QueueState::Flushed;
        let read = self.statements.get(match flushed {
            true => Sql::JobSizesFrom,
            false => Sql::JobsFrom,
        })?;
        let mut rows = read.query(range)?;
        let mut keys = Vec::new();
        let mut odd = None;
        while !tied.are_enough()
            && let Some(row) = rows.next()?
        {
            let key: i64 = row.get(0)?;
            if flushed {
                tied.note(row.get(1)?);
            } else if !self.cache.mirror().contains(key) && !self.claimed.contains(&key) {
                let place = Place::Job { key };
                let bytes = stored_bytes(row, 1)?;
                let job = JobRecord::decode(place, &bytes);
                if job.is_err() && belongs_elsewhere(place, &bytes) {
                    odd = Some(key);
                    break;
                }
                tied.note(bytes.len());
                tied.keep(job);
            }
            keys.push(key);
        }
        drop(rows);
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

    fn sweep_sets(&mut self, limit: usize, tied: &mut Tied) -> rusqlite::Result<usize> {
        let mut deleted = 0;
        while deleted < limit {
            let read = self.statements.get(Sql::SetReadCleared)?;
            let Some((id, fate)) = read
                .query_map((), |row| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?)))?
                .next()
                .transpose()?
            else {
                break;
            };
            self.begin()?;
            let cleared = fate == SetFate::Cleared as i64;
            let rest = limit - deleted;
            let count = self.sweep_set(id, rest, cleared, tied)?;
            deleted += count;
            if count < rest {
                self.statements.get(Sql::SetDelete)?.execute((id,))?;
            }
        }
        Ok(deleted)
    }

    /// Deletes entries of a set; keeps jobs with ties, if it was cleared. Tells how much of `limit` it has used up.
    fn sweep_set(
        &mut self,
        id: i64,
        limit: usize,
        cleared: bool,
        tied: &mut Tied,
    ) -> rusqlite::Result<usize> {
        let mut keys: Vec<(i64, i64)> = Vec::new();
        let mut odd = None;
        {
            let read = self.statements.get(Sql::EntriesFrom)?;
            let mut rows = read.query((id, i64::MIN, i64::MIN, limit))?;
            while !tied.are_enough()
                && let Some(row) = rows.next()?
            {
                let key: (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
                if key.0 != id {
                    break;
                }
                let bytes = stored_bytes(row, 3)?;
                let job = JobRecord::decode(place_of(key), &bytes);
                if job.is_err() && belongs_elsewhere(place_of(key), &bytes) {
                    odd = Some(key);
                    break;
                }
                keys.push((key.1, key.2));
                tied.note(bytes.len());
                if cleared {
                    tied.keep(job);
                }
            }
        }
        if let Some(key) = odd {
            self.suspect(|| format!("an entry is not where it belongs: it was found at {key:?}"))?;
        }
        for (at, serial) in &keys {
            let delete = self.statements.get(Sql::EntryDelete)?;
            delete.execute((id, at, serial))?;
        }
        Ok(tied.used_up(keys.len(), limit))
    }

    /// Deletes what was kept in an older generation.
    fn sweep_generations(&mut self, limit: usize) -> rusqlite::Result<usize> {
        let mut deleted = 0;
        for (read, delete) in BY_GENERATION {
            while deleted < limit
                && let Some(oldest) = self.older_generation(read)?
            {
                self.begin()?;
                let delete = self.statements.get(delete)?;
                deleted += delete.execute((oldest, limit - deleted))?;
            }
        }
        Ok(deleted)
    }

    /// The oldest generation of which rows are left, if it was flushed.
    fn older_generation(&mut self, read: Sql) -> rusqlite::Result<Option<i64>> {
        let generation = self.tallies.generation;
        let read = self.statements.get(read)?;
        read.query_row((generation,), |row| row.get(0)).optional()
    }
}
