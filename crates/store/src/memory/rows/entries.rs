//! Sets and their entries.

use std::ops::{Bound, ControlFlow};

use workmill_proto::SetName;

use super::{MemoryRows, check_new};
use crate::StoreError;
use crate::memory::tables::StoredSet;
use crate::record::RawRecord;
use crate::writer::{EntryPlace, EntryRows, Removal};

impl EntryRows for MemoryRows<'_> {
    fn insert_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<(), StoreError> {
        self.with(|tables| check_new(tables.entries.put(place, record.into())))
    }

    fn entries_after(
        &mut self,
        place: EntryPlace,
        limit: usize,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.with(|tables| {
            let mut entries = tables.entries.rows().range(after(place)).take(limit);
            // Whether it was told to stop means nothing here.
            let _ = entries.try_for_each(|(&place, record)| each(place, RawRecord::Bytes(record)));
        });
        Ok(())
    }

    fn entry_before<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.with(|tables| {
            let before = tables.entries.rows().range(..=place).next_back();
            Ok(before.map(|(&place, record)| read(place, RawRecord::Bytes(record))))
        })
    }

    fn entry_after<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.with(|tables| {
            let after = tables.entries.rows().range(after(place)).next();
            Ok(after.map(|(&place, record)| read(place, RawRecord::Bytes(record))))
        })
    }

    fn update_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<bool, StoreError> {
        self.with(|tables| {
            let is_there = tables.entries.rows().contains_key(&place);
            if is_there {
                tables.entries.put(place, record.into());
            }
            Ok(is_there)
        })
    }

    fn delete_entries(&mut self, places: &[EntryPlace]) -> Result<Vec<bool>, StoreError> {
        self.with(|tables| {
            let deleted = places.iter().map(|place| tables.entries.remove(place));
            Ok(deleted.collect())
        })
    }

    fn delete_entries_until(&mut self, place: EntryPlace) -> Result<usize, StoreError> {
        self.with(|tables| {
            let first = (place.0, i64::MIN, i64::MIN);
            let places = tables.entries.rows().range(first..=place);
            let places: Vec<EntryPlace> = places.map(|(&place, _)| place).collect();
            Ok(tables.entries.remove_all(&places))
        })
    }

    fn make_set(&mut self, id: i64, name: SetName) -> Result<(), StoreError> {
        let set = StoredSet {
            name,
            size: 0,
            removal: None,
        };
        self.with(|tables| check_new(tables.sets.put(id, set)))
    }

    fn write_set_size(&mut self, id: i64, size: u64) -> Result<(), StoreError> {
        self.change_set(id, |set| set.size = size);
        Ok(())
    }

    fn mark_set(&mut self, id: i64, removal: Removal) -> Result<(), StoreError> {
        self.change_set(id, |set| {
            set.size = 0;
            set.removal = Some(removal);
        });
        Ok(())
    }

    fn mark_cleared_sets_flushed(&mut self) -> Result<(), StoreError> {
        let ids: Vec<i64> = self.with(|tables| tables.sets.rows().keys().copied().collect());
        for id in ids {
            self.change_set(id, |set| {
                set.removal = set.removal.map(|_| Removal::Flushed);
            });
        }
        Ok(())
    }

    fn marked_set(&mut self) -> Result<Option<(i64, Removal)>, StoreError> {
        self.with(|tables| {
            let mut sets = tables.sets.rows().iter();
            Ok(sets.find_map(|(&id, set)| Some((id, set.removal?))))
        })
    }

    fn delete_set(&mut self, id: i64) -> Result<(), StoreError> {
        self.with(|tables| tables.sets.remove(&id));
        Ok(())
    }
}

impl MemoryRows<'_> {
    fn change_set(&self, id: i64, change: impl FnOnce(&mut StoredSet)) {
        self.with(|tables| {
            if let Some(mut set) = tables.sets.rows().get(&id).copied() {
                change(&mut set);
                tables.sets.put(id, set);
            }
        });
    }
}

fn after(place: EntryPlace) -> (Bound<EntryPlace>, Bound<EntryPlace>) {
    (Bound::Excluded(place), Bound::Unbounded)
}
