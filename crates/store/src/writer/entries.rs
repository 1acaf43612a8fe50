//! Jobs in sets.

use std::ops::ControlFlow;

use workmill_proto::SetName;

use super::order::place_of;
use super::rows::{EntryPlace, Rows};
use super::tallies::SetTally;
use super::tx::WriterTx;
use crate::{Entry, EntryKey, JobRecord, SLICE_BYTES_MAX, SetTime, StoreError, StoredJob};

/// What became of a set that is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Removal {
    /// Its jobs were deleted: their features are told.
    Cleared = 1,
    /// Everything is forgotten.
    Flushed = 2,
}

/// Entries one after the other.
#[derive(Default)]
struct Slice {
    rows: Vec<(EntryPlace, StoredJob)>,
    /// Whether the set has no more after them.
    is_whole: bool,
}

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn insert_entries(
        &mut self,
        set: SetName,
        entries: &[(SetTime, JobRecord)],
    ) -> Result<(), StoreError> {
        for (at, record) in entries {
            self.begin()?;
            self.encoded.clear();
            self.tallies.last_serial += 1;
            let serial = self.tallies.last_serial;
            let tally = self.tallies.set_mut(set);
            tally.size += 1;
            let key = (tally.id, at.as_micros(), serial);
            record.encode(place_of(key), self.encoded);
            self.rows.insert_entry(key, self.encoded)?;
        }
        Ok(())
    }

    pub(super) fn entries(
        &mut self,
        set: SetName,
        after: Option<EntryKey>,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let tally = self.tallies.set(set);
        if tally.size == 0 {
            return Ok(Vec::new());
        }
        let (at, serial) = after.map_or((i64::MIN, i64::MIN), |after| {
            (after.at.as_micros(), after.serial)
        });
        let from = (tally.id, at, serial);
        self.check_entries_around(from)?;
        let slice = self.read_slice(from, until.as_micros(), limit)?;
        let mut entries = Vec::with_capacity(slice.rows.len());
        for ((_, at, serial), job) in slice.rows {
            let at = SetTime::from_micros(at);
            let key = EntryKey { set, at, serial };
            entries.push(Entry { key, job });
        }
        let found = entries.len() as u64;
        if after.is_none() && (found > tally.size || slice.is_whole && found != tally.size) {
            self.suspect(|| format!("{set:?} is to have {} jobs and has {found}", tally.size))?;
        }
        Ok(entries)
    }

    /// The entries of a set after a place, and up to a time.
    fn read_slice(
        &mut self,
        from: EntryPlace,
        until: i64,
        limit: usize,
    ) -> Result<Slice, StoreError> {
        let mut slice = Slice::default();
        let (mut passed, mut beyond) = (None, None);
        let set_id = from.0;
        let (mut last, mut bytes) = (from, 0);
        slice.is_whole = true;
        // One more than wanted: a row out of its order may come right behind.
        let one_more = limit.saturating_add(1);
        self.rows.entries_after(from, one_more, |key, record| {
            if key <= last {
                passed = Some(key);
                return ControlFlow::Break(());
            }
            last = key;
            bytes += record.bytes().len();
            let job = record.decode(place_of(key));
            let is_full =
                slice.rows.len() == limit || bytes > SLICE_BYTES_MAX && !slice.rows.is_empty();
            if key.0 != set_id || key.1 > until || is_full {
                slice.is_whole = key.0 != set_id;
                beyond = Some((key, job));
                return ControlFlow::Break(());
            }
            slice.rows.push((key, job));
            ControlFlow::Continue(())
        })?;
        if let Some(key) = passed {
            self.suspect(|| format!("an entry is out of order: it was found at {key:?}"))?;
        }
        for (key, job) in slice.rows.iter().chain(&beyond) {
            self.check_entry(*key, job)?;
        }
        Ok(slice)
    }

    pub(super) fn remove_entries(&mut self, keys: &[EntryKey]) -> Result<usize, StoreError> {
        if keys.is_empty() {
            return Ok(0);
        }
        self.begin()?;
        let place = |key: &EntryKey| {
            let set_id = self.tallies.set(key.set).id;
            (set_id, key.at.as_micros(), key.serial)
        };
        let places: Vec<EntryPlace> = keys.iter().map(place).collect();
        let deleted = self.rows.delete_entries(&places)?;
        for ((key, place), &found) in keys.iter().zip(places).zip(&deleted) {
            self.count_removed(key.set, u64::from(found))?;
            if !found {
                self.check_entries_around(place)?;
            }
        }
        Ok(deleted.into_iter().filter(|&found| found).count())
    }

    pub(super) fn rewrite_entries(
        &mut self,
        entries: &[(EntryKey, JobRecord)],
    ) -> Result<(), StoreError> {
        for (key, record) in entries {
            self.begin()?;
            let tally = self.tallies.set(key.set);
            let place = (tally.id, key.at.as_micros(), key.serial);
            self.encoded.clear();
            record.encode(place_of(place), self.encoded);
            self.rows.update_entry(place, self.encoded)?;
        }
        Ok(())
    }

    pub(super) fn take_entries(
        &mut self,
        set: SetName,
        until: SetTime,
        limit: usize,
    ) -> Result<Vec<Entry>, StoreError> {
        let taken = self.entries(set, None, until, limit)?;
        let Some(last) = taken.last() else {
            return Ok(taken);
        };
        self.begin()?;
        let place = (
            self.tallies.set(set).id,
            last.key.at.as_micros(),
            last.key.serial,
        );
        let removed = self.rows.delete_entries_until(place)?;
        self.count_removed(set, removed as u64)?;
        // A damaged key misleads the deletion as well: what stays would be read again.
        let read = taken.len();
        if removed != read {
            let name = set.as_str();
            self.suspect(|| {
                format!("of the set {name} {read} jobs were read and {removed} taken")
            })?;
        }
        Ok(taken)
    }

    /// Entries were taken out of a set, which must have had them.
    fn count_removed(&mut self, set: SetName, removed: u64) -> Result<(), StoreError> {
        let tally = self.tallies.set_mut(set);
        let size = tally.size;
        tally.size = size.saturating_sub(removed);
        match size < removed {
            true => self.suspect(|| {
                let name = set.as_str();
                format!("the set {name} is to have {size} jobs and had {removed}")
            }),
            false => Ok(()),
        }
    }

    /// Gives the name of a set to a new, empty one; the old one is left to be swept.
    pub(super) fn replace_set(&mut self, set: SetName, removal: Removal) -> Result<(), StoreError> {
        let old = self.tallies.set(set);
        if old.size == 0 {
            return Ok(());
        }
        self.begin()?;
        let id = self.tallies.set_id_next;
        self.tallies.set_id_next += 1;
        *self.tallies.set_mut(set) = SetTally { id, size: 0 };
        self.rows.mark_set(old.id, removal)?;
        self.rows.make_set(id, set)
    }
}
