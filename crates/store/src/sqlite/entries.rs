//! Jobs in sets.

use workmill_proto::SetName;

use super::order::place_of;
use super::sql::Sql;
use super::tallies::SetTally;
use super::tx::SqliteTx;
use super::waiting::stored_job;
use crate::{Entry, EntryKey, JobRecord, SLICE_BYTES_MAX, SetTime, StoredJob};

/// What became of a set that is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetFate {
    /// Its jobs were deleted: their ties are told.
    Cleared = 1,
    /// Everything is forgotten.
    Flushed = 2,
}

/// Entries one after the other.
#[derive(Default)]
struct Slice {
    rows: Vec<((i64, i64, i64), StoredJob)>,
    /// Whether the set has no more after them.
    is_whole: bool,
}

impl SqliteTx<'_> {
    pub(super) fn write_entries(
        &mut self,
        set: SetName,
        entries: &[(SetTime, JobRecord)],
    ) -> rusqlite::Result<()> {
        for (at, record) in entries {
            self.begin()?;
            self.encoded.clear();
            self.tallies.last_serial += 1;
            let serial = self.tallies.last_serial;
            let tally = self.tallies.set_mut(set);
            tally.size += 1;
            let key = (tally.id, at.as_micros(), serial);
            record.encode(place_of(key), self.encoded);
            let (set_id, at, serial) = key;
            self.statements.get(Sql::EntryInsert)?.execute((
                set_id,
                at,
                serial,
                &**self.encoded,
            ))?;
        }
        Ok(())
    }

    pub(super) fn read_entries(
        &mut self,
        set: SetName,
        after: Option<EntryKey>,
        until: SetTime,
        limit: usize,
    ) -> rusqlite::Result<Vec<Entry>> {
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
        from: (i64, i64, i64),
        until: i64,
        limit: usize,
    ) -> rusqlite::Result<Slice> {
        let mut slice = Slice::default();
        let (mut passed, mut beyond) = (None, None);
        let (set_id, at, serial) = from;
        let statement = self.statements.get(Sql::EntriesFrom)?;
        // One more than wanted: a row out of its order may come right behind.
        let mut rows = statement.query((set_id, at, serial, limit.saturating_add(1)))?;
        let (mut last, mut bytes) = (from, 0);
        slice.is_whole = true;
        while let Some(row) = rows.next()? {
            let key: (i64, i64, i64) = (row.get(0)?, row.get(1)?, row.get(2)?);
            if key <= last {
                passed = Some(key);
                break;
            }
            last = key;
            bytes += row.get_ref(3)?.as_bytes().map_or(0, <[u8]>::len);
            let job = stored_job(row, 3, place_of(key))?;
            let is_full =
                slice.rows.len() == limit || bytes > SLICE_BYTES_MAX && !slice.rows.is_empty();
            if key.0 != set_id || key.1 > until || is_full {
                slice.is_whole = key.0 != set_id;
                beyond = Some((key, job));
                break;
            }
            slice.rows.push((key, job));
        }
        drop(rows);
        if let Some(key) = passed {
            self.suspect(|| format!("an entry is out of order: it was found at {key:?}"))?;
        }
        for (key, job) in slice.rows.iter().chain(&beyond) {
            self.check_entry(*key, job)?;
        }
        Ok(slice)
    }

    pub(super) fn delete_entries(&mut self, keys: &[EntryKey]) -> rusqlite::Result<usize> {
        let mut removed = 0;
        for key in keys {
            self.begin()?;
            let tally = self.tallies.set_mut(key.set);
            let delete = self.statements.get(Sql::EntryDelete)?;
            let place = (tally.id, key.at.as_micros(), key.serial);
            let found = delete.execute(place)?;
            tally.size = tally.size.saturating_sub(found as u64);
            removed += found;
            if found == 0 {
                self.check_entries_around(place)?;
            }
        }
        Ok(removed)
    }

    pub(super) fn delete_entries_until(&mut self, last: EntryKey) -> rusqlite::Result<usize> {
        self.begin()?;
        let tally = self.tallies.set_mut(last.set);
        let delete = self.statements.get(Sql::EntriesDeleteUntil)?;
        let removed = delete.execute((tally.id, last.at.as_micros(), last.serial))?;
        tally.size = tally.size.saturating_sub(removed as u64);
        Ok(removed)
    }

    /// Gives the name of a set to a new, empty one; the old one is left to be swept.
    pub(super) fn replace_set(&mut self, set: SetName, fate: SetFate) -> rusqlite::Result<()> {
        let old = self.tallies.set(set);
        if old.size == 0 {
            return Ok(());
        }
        self.begin()?;
        let id = self.tallies.set_id_next;
        self.tallies.set_id_next += 1;
        *self.tallies.set_mut(set) = SetTally { id, size: 0 };
        self.statements
            .get(Sql::SetMarkCleared)?
            .execute((old.id, fate as i64))?;
        self.statements
            .get(Sql::SetMake)?
            .execute((id, set.as_str()))?;
        Ok(())
    }
}
