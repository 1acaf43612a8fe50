//! The primitives of [`Tx`], each passed on to the file that has it.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::entries::Removal;
use super::rows::{Passing, Rows};
use super::tx::WriterTx;
use crate::{
    BatchCallbacks, BatchDetails, BatchState, CallbackKind, Clocks, Counts, CronTick, Entry,
    EntryKey, JobKey, JobRecord, Lock, LockKey, LockOwner, Release, Reservation, SetTime, Slots,
    StoreError, StoredJob, Swept, Tombstone, Totals, Track, Tx,
};

impl<R: Rows> Tx for WriterTx<'_, R> {
    fn enqueue(&mut self, jobs: &[&JobRecord], enqueued_at: Timestamp) -> Result<(), StoreError> {
        self.run(|tx| tx.enqueue_jobs(jobs, enqueued_at))
    }

    fn claim(&mut self, queue: &str, limit: usize) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.claim_jobs(queue, limit))
    }

    fn reserve(&mut self, reservations: &[Reservation]) -> Result<(), StoreError> {
        self.run(|tx| tx.reserve_jobs(reservations))
    }

    fn reservations_of_jids(&mut self, jids: &[&str]) -> Result<Vec<Reservation>, StoreError> {
        self.run(|tx| {
            let mut found = Vec::new();
            for jid in jids {
                tx.cache.mirror().collect_of_jid(jid, &mut found);
            }
            Ok(found)
        })
    }

    fn reservations_by_key(&mut self, keys: &[JobKey]) -> Result<Vec<Reservation>, StoreError> {
        self.run(|tx| {
            let found = keys
                .iter()
                .filter_map(|key| tx.cache.mirror().reservation(key.0));
            Ok(found.collect())
        })
    }

    fn reservations_ending(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().ending(until, limit)))
    }

    fn reserving_workers(&mut self) -> Result<Vec<String>, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().workers()))
    }

    fn reservations_of_worker(
        &mut self,
        wid: &str,
        limit: usize,
    ) -> Result<Vec<Reservation>, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().of_worker(wid, limit)))
    }

    fn queues_of(&mut self, keys: &[JobKey]) -> Result<Vec<String>, StoreError> {
        self.run(|tx| {
            let names = keys
                .iter()
                .filter_map(|key| tx.cache.queue_of_reserved(key.0));
            Ok(names.map(|name| name.to_string()).collect())
        })
    }

    fn reserved_count(&mut self) -> Result<u64, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().len() as u64))
    }

    fn reserved_by(&mut self, wid: &str, connection: u64) -> Result<u64, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().count_of(wid, connection) as u64))
    }

    fn extend(&mut self, ends: &[(JobKey, SteadyTime)]) -> Result<(), StoreError> {
        self.run(|tx| tx.extend_reservations(ends))
    }

    fn working_jobs(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.read_working(keys, Self::read_job))
    }

    fn working_heads(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.read_working(keys, Self::read_job_head))
    }

    fn finish(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        self.run(|tx| tx.finish_jobs(keys))
    }

    fn release(&mut self, releases: &[Release]) -> Result<(), StoreError> {
        self.run(|tx| tx.release_jobs(releases))
    }

    fn put_tombstones(&mut self, ends: &[Tombstone]) -> Result<(), StoreError> {
        self.run(|tx| tx.write_ends(ends))
    }

    fn has_tombstone(&mut self, jid: &str, wid: &str) -> Result<bool, StoreError> {
        self.run(|tx| tx.rows.has_end(tx.tallies.generation, jid, wid))
    }

    fn forget_tombstones(&mut self, until: SteadyTime, limit: usize) -> Result<usize, StoreError> {
        self.run(|tx| tx.forget(Passing::Ends, until, limit))
    }

    fn cron_ticks(&mut self, names: &[&str]) -> Result<Vec<Option<Timestamp>>, StoreError> {
        self.run(|tx| tx.read_cron_ticks(names))
    }

    fn set_cron_ticks(&mut self, ticks: &[CronTick]) -> Result<(), StoreError> {
        self.run(|tx| tx.write_cron_ticks(ticks))
    }

    fn insert_entries(
        &mut self,
        set: SetName,
        entries: &[(SetTime, JobRecord)],
    ) -> Result<(), StoreError> {
        self.run(|tx| tx.write_entries(set, entries))
    }

    fn entries(
        &mut self,
        set: SetName,
        after: Option<EntryKey>,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.run(|tx| tx.read_entries(set, after, until, limit))
    }

    fn remove_entries(&mut self, keys: &[EntryKey]) -> Result<usize, StoreError> {
        self.run(|tx| tx.delete_entries(keys))
    }

    fn remove_entries_until(&mut self, last: EntryKey) -> Result<usize, StoreError> {
        self.run(|tx| tx.delete_entries_until(last))
    }

    fn set_size(&mut self, set: SetName) -> Result<u64, StoreError> {
        self.run(|tx| Ok(tx.tallies.set(set).size))
    }

    fn last_serial(&mut self) -> Result<i64, StoreError> {
        self.run(|tx| Ok(tx.tallies.last_serial))
    }

    fn clear_set(&mut self, set: SetName) -> Result<(), StoreError> {
        self.run(|tx| tx.replace_set(set, Removal::Cleared))
    }

    fn queues_missing(&mut self, queues: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.run(|tx| Ok(tx.cache.queues().missing(queues)))
    }

    fn queues_refused(&mut self, queues: &[&str]) -> Result<Vec<bool>, StoreError> {
        self.run(|tx| Ok(tx.cache.queues().refused(queues)))
    }

    fn set_paused(&mut self, queues: &[&str], paused: bool) -> Result<(), StoreError> {
        self.run(|tx| tx.mark_paused(queues, paused))
    }

    fn remove_queues(&mut self, queues: &[&str]) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.mark_removed(queues);
            Ok(())
        })
    }

    fn head(&mut self, queue: &str) -> Result<Option<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.read_head(queue))
    }

    fn count(&mut self, day: i64, counts: Counts) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.add_counts(day, counts);
            Ok(())
        })
    }

    fn totals(&mut self) -> Result<Totals, StoreError> {
        self.run(|tx| Ok(tx.read_totals()))
    }

    fn acquire_locks(&mut self, locks: &[Lock], now: SteadyTime) -> Result<Vec<bool>, StoreError> {
        self.run(|tx| tx.take_locks(locks, now))
    }

    fn release_locks(&mut self, owned: &[(LockKey, &LockOwner)]) -> Result<(), StoreError> {
        self.run(|tx| tx.give_locks_back(owned))
    }

    fn locks(&mut self, keys: &[LockKey]) -> Result<Vec<Option<Lock>>, StoreError> {
        self.run(|tx| tx.read_locks(keys))
    }

    fn forget_locks(&mut self, until: SteadyTime, limit: usize) -> Result<usize, StoreError> {
        self.run(|tx| tx.forget(Passing::Locks, until, limit))
    }

    fn slots(
        &mut self,
        queue: &str,
        since: SteadyTime,
        wid: &str,
        connection: u64,
    ) -> Result<Slots, StoreError> {
        self.run(|tx| Ok(tx.cache.slots(queue, since, wid, connection)))
    }

    fn insert_batch(
        &mut self,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
        state: &BatchState,
    ) -> Result<u64, StoreError> {
        self.run(|tx| tx.make_batch(details, callbacks, state))
    }

    fn batches(&mut self, ids: &[u64]) -> Result<Vec<Option<BatchState>>, StoreError> {
        self.run(|tx| tx.read_batches(ids))
    }

    fn update_batches(&mut self, batches: &[(u64, BatchState)]) -> Result<(), StoreError> {
        self.run(|tx| tx.rewrite_batches(batches))
    }

    fn batch_details(&mut self, id: u64) -> Result<Option<BatchDetails>, StoreError> {
        self.run(|tx| tx.rows.batch_details(tx.tallies.generation, id))
    }

    fn batch_callback(
        &mut self,
        id: u64,
        kind: CallbackKind,
    ) -> Result<Option<Vec<u8>>, StoreError> {
        self.run(|tx| tx.rows.batch_callback(tx.tallies.generation, id, kind))
    }

    fn remove_batches(&mut self, ids: &[u64]) -> Result<(), StoreError> {
        self.run(|tx| tx.delete_batches(ids))
    }

    fn link_batches(&mut self, child: u64, parent: u64) -> Result<bool, StoreError> {
        self.run(|tx| tx.make_link(child, parent))
    }

    fn batch_parents(&mut self, child: u64) -> Result<Vec<u64>, StoreError> {
        self.run(|tx| tx.rows.batch_parents(tx.tallies.generation, child))
    }

    fn note_batches_due(&mut self, dues: &[(u64, SteadyTime)]) -> Result<(), StoreError> {
        self.run(|tx| tx.write_dues(dues))
    }

    fn take_batches_due(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        self.run(|tx| tx.take_dues(until, limit))
    }

    fn tracks(&mut self, jids: &[&str]) -> Result<Vec<Option<Track>>, StoreError> {
        self.run(|tx| tx.read_tracks(jids))
    }

    fn write_tracks(&mut self, tracks: &[(&str, &Track)]) -> Result<(), StoreError> {
        self.run(|tx| tx.replace_tracks(tracks))
    }

    fn forget_tracks(&mut self, until: SteadyTime, limit: usize) -> Result<usize, StoreError> {
        self.run(|tx| tx.forget(Passing::Tracks, until, limit))
    }

    fn clocks(&mut self) -> Result<Option<Clocks>, StoreError> {
        self.run(|tx| Ok(tx.tallies.clocks))
    }

    fn note_clocks(&mut self, clocks: Clocks, keep: bool) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.tallies.clocks = Some(clocks);
            tx.keeps_clocks |= keep;
            Ok(())
        })
    }

    fn flush(&mut self) -> Result<(), StoreError> {
        self.run(Self::mark_flushed)
    }

    fn sweep(&mut self, limit: usize) -> Result<Swept, StoreError> {
        self.run(|tx| tx.sweep_rows(limit))
    }

    fn commit(self) -> Result<(), StoreError> {
        self.commit_changes()
    }
}
