//! The primitives of [`Tx`], each passed on to the file that has it.

use workmill_proto::{SetName, SteadyTime, Timestamp};

use super::entries::Removal;
use super::rows::{PassingRows, Rows};
use super::tx::WriterTx;
use crate::slice::Slice;
use crate::{
    Clocks, Counts, Entry, EntryKey, FailureId, JobKey, JobRecord, JobRef, Keyed, Passing, Place,
    QueueStanding, Release, Reservation, ReservationsOf, SetTime, Slots, StoreError, StoredJob,
    Swept, Totals, Tx, Watermark,
};

impl<R: Rows> Tx for WriterTx<'_, R> {
    fn enqueue(&mut self, jobs: &[&JobRecord], enqueued_at: Timestamp) -> Result<(), StoreError> {
        self.run(|tx| tx.enqueue(jobs, enqueued_at))
    }

    fn claim(&mut self, queue: &str, limit: usize) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.claim(queue, limit))
    }

    fn reserve(&mut self, reservations: &[Reservation]) -> Result<(), StoreError> {
        self.run(|tx| tx.reserve(reservations))
    }

    fn reservations(&mut self, of: ReservationsOf<'_>) -> Result<Vec<Reservation>, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().reservations(of)))
    }

    fn reserving_workers(&mut self) -> Result<Vec<String>, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().workers()))
    }

    fn queues_of(&mut self, keys: &[JobKey]) -> Result<Vec<String>, StoreError> {
        self.run(|tx| {
            let names = keys
                .iter()
                .filter_map(|key| tx.cache.queue_of_reserved(key.0));
            Ok(names.map(|name| name.to_string()).collect())
        })
    }

    fn reserved_by(&mut self, wid: &str, connection: u64) -> Result<u64, StoreError> {
        self.run(|tx| Ok(tx.cache.mirror().count_of(wid, connection) as u64))
    }

    fn extend(&mut self, ends: &[(JobKey, SteadyTime)]) -> Result<(), StoreError> {
        self.run(|tx| tx.extend(ends))
    }

    fn working_jobs(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.read_working(keys, Self::read_job))
    }

    fn working_heads(&mut self, keys: &[JobKey]) -> Result<Vec<(JobKey, StoredJob)>, StoreError> {
        self.run(|tx| tx.read_working(keys, Self::read_job_head))
    }

    fn finish(&mut self, keys: &[JobKey]) -> Result<(), StoreError> {
        self.run(|tx| tx.finish(keys))
    }

    fn release(&mut self, releases: &[Release]) -> Result<(), StoreError> {
        self.run(|tx| tx.release(releases))
    }

    fn insert_entries(
        &mut self,
        set: SetName,
        entries: &[(SetTime, JobRecord)],
    ) -> Result<(), StoreError> {
        self.run(|tx| tx.insert_entries(set, entries))
    }

    fn entries(
        &mut self,
        set: SetName,
        after: Option<EntryKey>,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.run(|tx| tx.entries(set, after, until, limit))
    }

    fn remove_entries(&mut self, keys: &[EntryKey]) -> Result<usize, StoreError> {
        self.run(|tx| tx.remove_entries(keys))
    }

    fn rewrite_entries(&mut self, entries: &[(EntryKey, JobRecord)]) -> Result<(), StoreError> {
        self.run(|tx| tx.rewrite_entries(entries))
    }

    fn take_entries(
        &mut self,
        set: SetName,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        self.run(|tx| tx.take_entries(set, until, limit))
    }

    fn size(&mut self, place: &Place) -> Result<u64, StoreError> {
        self.run(|tx| tx.size(place))
    }

    fn watermark(&mut self, place: &Place) -> Result<Watermark, StoreError> {
        self.run(|tx| tx.watermark(place))
    }

    fn jobs(
        &mut self,
        place: &Place,
        after: Option<JobRef>,
        until: Watermark,
        limit: usize,
    ) -> Result<Slice<(JobRef, StoredJob), JobRef>, StoreError> {
        self.run(|tx| tx.jobs(place, after, until, limit))
    }

    fn clear_set(&mut self, set: SetName) -> Result<(), StoreError> {
        self.run(|tx| tx.replace_set(set, Removal::Cleared))
    }

    fn queue_standings(&mut self, queues: &[&str]) -> Result<Vec<QueueStanding>, StoreError> {
        self.run(|tx| Ok(tx.cache.queues().standings(queues)))
    }

    fn set_paused(&mut self, queues: &[&str], paused: bool) -> Result<(), StoreError> {
        self.run(|tx| tx.set_paused(queues, paused))
    }

    fn remove_queues(&mut self, queues: &[&str]) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.remove_queues(queues);
            Ok(())
        })
    }

    fn count(&mut self, day: i64, counts: Counts) -> Result<(), StoreError> {
        self.run(|tx| {
            tx.count(day, counts);
            Ok(())
        })
    }

    fn totals(&mut self) -> Result<Totals, StoreError> {
        self.run(|tx| Ok(WriterTx::totals(tx)))
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

    fn get<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError> {
        self.run(|tx| tx.get(keys))
    }

    fn put<K: Keyed>(&mut self, kept: &[(K::Key, K)]) -> Result<(), StoreError> {
        self.run(|tx| tx.put(kept))
    }

    fn remove<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<(), StoreError> {
        self.run(|tx| tx.remove::<K>(keys))
    }

    fn due<P: Passing>(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<P::Key>, StoreError> {
        self.run(|tx| P::passing_rows(&mut tx.rows).due(tx.tallies.generation, until, limit))
    }

    fn next_batch(&mut self) -> Result<u64, StoreError> {
        self.run(|tx| {
            tx.begin()?;
            tx.rows.next_batch()
        })
    }

    fn next_action(&mut self) -> Result<u64, StoreError> {
        self.run(|tx| {
            tx.begin()?;
            tx.rows.next_action()
        })
    }

    fn failure_ids(&mut self) -> Result<Vec<FailureId>, StoreError> {
        self.run(|tx| tx.rows.failure_ids(tx.tallies.generation))
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
        self.run(Self::flush)
    }

    fn sweep(&mut self, limit: usize) -> Result<Swept, StoreError> {
        self.run(|tx| tx.sweep(limit))
    }

    fn confirm(&mut self) -> Result<(), StoreError> {
        self.run(|tx| tx.rows.confirm())
    }

    fn commit(self) -> Result<(), StoreError> {
        self.commit_changes()
    }
}
