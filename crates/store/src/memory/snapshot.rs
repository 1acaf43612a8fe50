//! The rows as of the last commit, for reading. The disk is held meanwhile.

mod features;
mod records;

use std::collections::BTreeMap;
use std::ops::{Bound, ControlFlow};

use super::disk::MemoryDisk;
use super::tables::Tables;
use crate::reading::{JobReads, Readable, Reader, SetRow, Snapshots};
use crate::record::RawRecord;
use crate::writer::{EntryPlace, Poison, QueueId, QueueRow, Tallies};
use crate::{Counts, Reservation, StoreError};

/// Reads a [`MemoryStore`](super::MemoryStore) from any thread.
pub type MemoryReader = Reader<MemoryReads>;

/// What a store in memory shows to readers.
#[derive(Clone, Debug)]
pub struct MemoryReads {
    pub(super) disk: MemoryDisk,
    pub(super) poison: Poison,
}

impl Snapshots for MemoryReads {
    type Snapshot<'a> = MemorySnapshot<'a>;

    fn read<T>(
        &self,
        read: impl FnOnce(&mut MemorySnapshot<'_>) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        self.poison.check()?;
        read(&mut MemorySnapshot {
            tables: &self.disk.lock().tables,
        })
    }
}

/// The rows as of the last commit.
#[derive(Debug)]
pub struct MemorySnapshot<'a> {
    tables: &'a Tables,
}

/// Tells of rows until `each` breaks. Whether it did means nothing here.
fn tell<T>(rows: impl IntoIterator<Item = T>, each: impl FnMut(T) -> ControlFlow<()>) {
    let _ = rows.into_iter().try_for_each(each);
}

/// All rows behind a key.
fn behind<K: Ord, V>(rows: &BTreeMap<K, V>, after: Option<K>) -> impl Iterator<Item = (&K, &V)> {
    let first = after.map_or(Bound::Unbounded, Bound::Excluded);
    rows.range((first, Bound::Unbounded))
}

/// Ranges that begin behind their end are empty here too.
fn within<V>(
    rows: &BTreeMap<i64, V>,
    (first, last): (i64, i64),
) -> impl Iterator<Item = (&i64, &V)> {
    rows.range(first..)
        .take_while(move |&(&key, _)| key <= last)
}

impl JobReads for MemorySnapshot<'_> {
    fn queues(
        &mut self,
        after: Option<QueueId>,
        mut each: impl FnMut(QueueId, Readable<QueueRow>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let queues = self.tables.queues.committed();
        tell(behind(&queues, after), |(&id, row)| {
            each(id, Ok(row.clone()))
        });
        Ok(())
    }

    fn queue(&mut self, id: QueueId) -> Result<Option<QueueRow>, StoreError> {
        Ok(self.tables.queues.committed().get(&id).cloned())
    }

    fn jobs(
        &mut self,
        keys: (i64, i64),
        mut each: impl FnMut(i64, RawRecord<'_>, bool) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (jobs, reserved) = (
            self.tables.jobs.committed(),
            self.tables.reservations.committed(),
        );
        tell(within(&jobs, keys), |(&key, record)| {
            each(key, RawRecord::Bytes(record), reserved.contains_key(&key))
        });
        Ok(())
    }

    fn reservations(
        &mut self,
        keys: (i64, i64),
        mut each: impl FnMut(i64, Readable<Reservation>, Option<RawRecord<'_>>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let (jobs, reserved) = (
            self.tables.jobs.committed(),
            self.tables.reservations.committed(),
        );
        tell(within(&reserved, keys), |(&key, reservation)| {
            let record = jobs.get(&key).map(|record| RawRecord::Bytes(record));
            // Connections are not kept.
            let reservation = Reservation {
                connection: 0,
                series: 0,
                ..reservation.clone()
            };
            each(key, Ok(reservation), record)
        });
        Ok(())
    }

    fn sets(&mut self) -> Result<Vec<SetRow>, StoreError> {
        let sets = self.tables.sets.committed();
        let rows = sets.iter().map(|(&id, set)| SetRow {
            id,
            name: set.name,
            size: set.size,
            removal: set.removal,
        });
        Ok(rows.collect())
    }

    fn entries(
        &mut self,
        after: EntryPlace,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let entries = self.tables.entries.committed();
        tell(behind(&entries, Some(after)), |(&place, record)| {
            each(place, RawRecord::Bytes(record))
        });
        Ok(())
    }

    fn entries_before(
        &mut self,
        before: EntryPlace,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let entries = self.tables.entries.committed();
        tell(entries.range(..before).rev(), |(&place, record)| {
            each(place, RawRecord::Bytes(record))
        });
        Ok(())
    }

    fn entry<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let entries = self.tables.entries.committed();
        let record = entries.get(&place);
        Ok(record.map(|record| read(RawRecord::Bytes(record))))
    }

    fn tallies(&mut self) -> Result<Tallies, StoreError> {
        let tallies = self.tables.tallies.committed();
        Ok(tallies.get(&()).copied().unwrap_or_default())
    }

    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        let counters = self.tables.counters.committed();
        let days = within(&counters, (first, last));
        Ok(days.map(|(&day, &counts)| (day, counts)).collect())
    }
}
