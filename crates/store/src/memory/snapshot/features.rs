//! What features keep.

use std::ops::ControlFlow;

use workmill_proto::SteadyTime;

use super::{MemorySnapshot, behind, tell};
use crate::reading::{BatchRow, FeatureReads, LinkRow, Readable};
use crate::{
    BatchState, CronDefinition, CronTick, FailureGroup, FailureId, HistoryKey, HistorySlot, Lock,
    LockKey, PastRuns, StoreError, Tombstone, TombstoneKey, Track, Ungrouped,
};

/// The keys of a generation behind a number, in a table where that is the second part of a key.
fn first_behind(after: Option<u64>) -> u64 {
    after.map_or(0, |after| after.saturating_add(1))
}

impl FeatureReads for MemorySnapshot<'_> {
    fn tombstones(
        &mut self,
        generation: i64,
        mut each: impl FnMut(Readable<(TombstoneKey, Tombstone)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let ends = self.tables.ends.committed();
        let ends = ends.iter().filter(|((of, ..), _)| *of == generation);
        tell(ends, |((_, key), &tombstone)| {
            each(Ok((key.clone(), tombstone)))
        });
        Ok(())
    }

    fn locks(
        &mut self,
        generation: i64,
        after: Option<LockKey>,
        mut each: impl FnMut(Readable<(LockKey, Lock)>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let locks = self.tables.locks.committed();
        let from = after.map(|key| (generation, key));
        let locks = behind(&locks, from).filter(|((of, _), _)| *of == generation);
        tell(locks, |(&(_, key), lock)| each(Ok((key, lock.clone()))));
        Ok(())
    }

    fn lock(
        &mut self,
        generation: i64,
        key: LockKey,
    ) -> Result<Option<Readable<Lock>>, StoreError> {
        let locks = self.tables.locks.committed();
        Ok(locks.get(&(generation, key)).cloned().map(Ok))
    }

    fn batches(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<BatchState>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let batches = self.tables.batches.committed();
        let range = (generation, first_behind(after))..=(generation, u64::MAX);
        tell(batches.range(range), |(&(_, id), &state)| {
            each(id, Ok(state))
        });
        Ok(())
    }

    fn batch(
        &mut self,
        generation: i64,
        id: u64,
    ) -> Result<Option<Readable<BatchState>>, StoreError> {
        let batches = self.tables.batches.committed();
        Ok(batches.get(&(generation, id)).copied().map(Ok))
    }

    fn batch_rows(
        &mut self,
        generation: i64,
        after: Option<u64>,
        mut each: impl FnMut(u64, Readable<BatchRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let rows = self.tables.batch_details.committed();
        let range = (generation, first_behind(after))..=(generation, u64::MAX);
        tell(rows.range(range), |(&(_, id), row)| {
            let row = BatchRow {
                details: row.details.clone(),
                complete_bytes: row.complete.as_ref().map(|callback| callback.0.len()),
                success_bytes: row.success.as_ref().map(|callback| callback.0.len()),
            };
            each(id, Ok(row))
        });
        Ok(())
    }

    fn batch_links(
        &mut self,
        generation: i64,
        after: Option<u64>,
        each: impl FnMut(LinkRow) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let parents = self.tables.batch_parents.committed();
        let range = (generation, first_behind(after))..=(generation, u64::MAX);
        let links = parents.range(range).flat_map(|(&(_, child), parents)| {
            let parents = (0..).zip(&parents.0);
            parents.map(move |(nth, &parent)| LinkRow { child, nth, parent })
        });
        tell(links, each);
        Ok(())
    }

    fn batch_dues(
        &mut self,
        generation: i64,
        mut each: impl FnMut(SteadyTime, u64) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let dues = self.tables.batch_dues.committed();
        let dues = dues.keys().filter(|(of, ..)| *of == generation);
        tell(dues, |&(_, (at, id))| each(at, id));
        Ok(())
    }

    fn last_batch(&mut self) -> Result<u64, StoreError> {
        let last = self.tables.last_batch.committed();
        Ok(last.get(&()).copied().unwrap_or_default())
    }

    fn track(&mut self, generation: i64, jid: &str) -> Result<Option<Readable<Track>>, StoreError> {
        let tracks = self.tables.tracks.committed();
        Ok(tracks.get(&(generation, jid.into())).cloned().map(Ok))
    }

    fn tracks(
        &mut self,
        generation: i64,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, Readable<Track>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let tracks = self.tables.tracks.committed();
        let from = after.map(|jid| (generation, jid.into()));
        let tracks = behind(&tracks, from).filter(|((of, _), _)| *of == generation);
        tell(tracks, |((_, jid), track)| {
            each(jid.clone(), Ok(track.clone()))
        });
        Ok(())
    }

    fn failures(
        &mut self,
        generation: i64,
        after: Option<FailureId>,
        mut each: impl FnMut(FailureId, Readable<FailureGroup>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let failures = self.tables.failures.committed();
        let from = after.map(|id| (generation, id));
        let groups = behind(&failures, from).filter(|((of, _), _)| *of == generation);
        tell(groups, |(&(_, id), group)| each(id, Ok(group.clone())));
        Ok(())
    }

    fn failure(
        &mut self,
        generation: i64,
        id: FailureId,
    ) -> Result<Option<Readable<FailureGroup>>, StoreError> {
        let failures = self.tables.failures.committed();
        Ok(failures.get(&(generation, id)).cloned().map(Ok))
    }

    fn ungrouped(&mut self) -> Result<Option<Ungrouped>, StoreError> {
        let ungrouped = self.tables.ungrouped.committed();
        Ok(ungrouped.get(&()).copied())
    }

    fn cron_ticks(
        &mut self,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, CronTick) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let ticks = self.tables.cron_ticks.committed();
        tell(behind(&ticks, after.map(Into::into)), |(name, &tick)| {
            each(name.clone(), tick)
        });
        Ok(())
    }

    fn past_runs(&mut self, name: &str) -> Result<Option<PastRuns>, StoreError> {
        let runs = self.tables.past_runs.committed();
        Ok(runs.get(name).cloned())
    }

    fn cron_definitions(
        &mut self,
        after: Option<&str>,
        mut each: impl FnMut(Box<str>, Readable<CronDefinition>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let entries = self.tables.cron_entries.committed();
        tell(behind(&entries, after.map(Into::into)), |(name, found)| {
            each(name.clone(), Ok(found.clone()))
        });
        Ok(())
    }

    fn history_slot(
        &mut self,
        generation: i64,
        key: HistoryKey,
    ) -> Result<Option<Readable<HistorySlot>>, StoreError> {
        let history = self.tables.history.committed();
        let kept = history.get(&(generation, key.place()));
        let kept = kept.filter(|(of, _)| *of == key);
        Ok(kept.map(|(_, slot)| Ok(slot.clone())))
    }

    fn history(
        &mut self,
        generation: i64,
        mut each: impl FnMut(i64, Readable<HistorySlot>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let history = self.tables.history.committed();
        let history = history.iter().filter(|((of, _), _)| *of == generation);
        tell(history, |((_, place), (_, slot))| {
            each(*place, Ok(slot.clone()))
        });
        Ok(())
    }
}
