//! FLUSH, and the later deletion of what was flushed, removed or cleared.

use workmill_proto::SetName;

use super::place::{QueueId, TALLIES_KEY, keys_of, queue_of};
use super::queues::QueueState;
use super::sql::Sql;
use super::tx::SqliteTx;
use crate::Counts;

impl SqliteTx<'_> {
    /// Marks everything as flushed; deletes only the counters, which are one small row a day.
    pub(super) fn mark_flushed(&mut self) -> rusqlite::Result<()> {
        self.begin()?;
        self.cache.flush();
        self.claimed.clear();
        for set in SetName::ALL {
            self.replace_set(set)?;
        }
        self.tallies.ends_generation += 1;
        self.counted.clear();
        self.tallies.counts = Counts::default();
        self.statements
            .get(Sql::CountersDelete)?
            .execute((TALLIES_KEY,))?;
        Ok(())
    }

    /// Deletes up to `limit` rows; tells whether there may be more. Goes on where the last call stopped: a
    /// queue whose jobs are reserved stays to be swept, and many of them must not keep it from the rest.
    pub(super) fn sweep_rows(&mut self, limit: usize) -> rusqlite::Result<bool> {
        let mut left = limit;
        while left > 0
            && let Some(id) = self.cache.next_unswept()
        {
            let looked_at = self.sweep_queue(id, left)?;
            if looked_at < left {
                self.cache.sweep_from(id + 1);
            }
            // A queue without rows is a row itself.
            left = left.saturating_sub(looked_at.max(1));
        }
        left = left.saturating_sub(self.sweep_sets(left)?);
        left = left.saturating_sub(self.sweep_ends(left)?);
        if left > 0 {
            self.cache.sweep_from(0);
        }
        Ok(left == 0)
    }

    /// Sweeps a queue; frees its number when nothing of it is left. Tells how many rows it looked at.
    fn sweep_queue(&mut self, id: QueueId, limit: usize) -> rusqlite::Result<usize> {
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
        let keys: Vec<i64> = {
            let read = self.statements.get(Sql::JobKeysFrom)?;
            let rows = read.query_map((from, end, rest), |row| row.get(0))?;
            rows.collect::<rusqlite::Result<_>>()?
        };
        looked_at += keys.len();
        for &key in &keys {
            if !self.cache.mirror().contains(key) && !self.claimed.contains(&key) {
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

    /// Whether any job of the queue is with a worker, or on its way to one.
    fn is_handed_out(&self, id: QueueId) -> bool {
        self.cache.mirror().last_within(keys_of(id)).is_some()
            || self.claimed.iter().any(|&key| queue_of(key) == Some(id))
    }

    fn sweep_sets(&mut self, limit: usize) -> rusqlite::Result<usize> {
        let mut deleted = 0;
        while deleted < limit {
            let read = self.statements.get(Sql::SetReadCleared)?;
            let Some(id) = read
                .query_map((), |row| row.get::<_, i64>(0))?
                .next()
                .transpose()?
            else {
                break;
            };
            self.begin()?;
            let rest = limit - deleted;
            let delete = self.statements.get(Sql::EntriesDeleteSome)?;
            let count = delete.execute((id, rest))?;
            deleted += count;
            if count < rest {
                self.statements.get(Sql::SetDelete)?.execute((id,))?;
            }
        }
        Ok(deleted)
    }

    fn sweep_ends(&mut self, limit: usize) -> rusqlite::Result<usize> {
        let generation = self.tallies.ends_generation;
        if !self
            .statements
            .get(Sql::EndsReadBefore)?
            .exists((generation,))?
        {
            return Ok(0);
        }
        self.begin()?;
        self.statements
            .get(Sql::EndsDeleteBefore)?
            .execute((generation, limit))
    }
}
