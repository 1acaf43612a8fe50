//! Rows of sets, and of the jobs in them.

use std::ops::ControlFlow;

use workmill_proto::SetName;

use crate::StoreError;
use crate::record::RawRecord;
use crate::writer::Removal;

/// Where an entry is: the number of its set, its time, its serial.
pub type EntryPlace = (i64, i64, i64);

/// Jobs in sets, and the sets themselves: a number for each, which is another one after it was cleared.
pub trait EntryRows {
    /// Inserts an entry at a new place.
    fn insert_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<(), StoreError>;

    /// Tells of up to `limit` entries after a place, those of all sets that follow, until it is told to stop.
    fn entries_after(
        &mut self,
        place: EntryPlace,
        limit: usize,
        each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError>;

    /// Reads the last entry at or before a place, of any set, as far as the order of the rows tells.
    fn entry_before<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Reads the first entry after a place, of any set, as far as the order of the rows tells.
    fn entry_after<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError>;

    /// Gives an entry another record; tells whether it is there, if that shows at once.
    fn update_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<bool, StoreError>;

    /// Deletes entries; tells for each in turn whether it was there.
    fn delete_entries(&mut self, places: &[EntryPlace]) -> Result<Vec<bool>, StoreError>;

    /// Deletes the entries of the set up to this place; tells how many there were.
    fn delete_entries_until(&mut self, place: EntryPlace) -> Result<usize, StoreError>;

    /// Makes an empty set under a new number.
    fn make_set(&mut self, id: i64, name: SetName) -> Result<(), StoreError>;

    /// Writes how many entries a set has.
    fn write_set_size(&mut self, id: i64, size: u64) -> Result<(), StoreError>;

    /// Marks a set to be swept.
    fn mark_set(&mut self, id: i64, removal: Removal) -> Result<(), StoreError>;

    /// Lets every set that was marked as cleared be marked as flushed.
    fn mark_cleared_sets_flushed(&mut self) -> Result<(), StoreError>;

    /// The first marked set.
    fn marked_set(&mut self) -> Result<Option<(i64, Removal)>, StoreError>;

    /// Deletes a set that has no entries left.
    fn delete_set(&mut self, id: i64) -> Result<(), StoreError>;
}
