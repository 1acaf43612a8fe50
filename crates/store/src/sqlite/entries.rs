//! Jobs in sets.

use workmill_proto::SetName;

use super::sql::Sql;
use super::tallies::SetTally;
use super::tx::SqliteTx;
use super::waiting::stored_job;
use crate::{Entry, EntryKey, JobRecord, SLICE_BYTES_MAX, SetTime};

/// What became of a set that is swept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SetFate {
    /// Its jobs were deleted: their ties are told.
    Cleared = 1,
    /// Everything is forgotten.
    Flushed = 2,
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
            record.encode(self.encoded);
            self.tallies.last_serial += 1;
            let serial = self.tallies.last_serial;
            let tally = self.tallies.set_mut(set);
            tally.size += 1;
            self.statements.get(Sql::EntryInsert)?.execute((
                tally.id,
                at.as_micros(),
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
        let mut entries = Vec::new();
        let tally = self.tallies.set(set);
        if tally.size == 0 {
            return Ok(entries);
        }
        let (at, serial) = after.map_or((i64::MIN, i64::MIN), |after| {
            (after.at.as_micros(), after.serial)
        });
        let statement = self.statements.get(Sql::EntriesFrom)?;
        let mut rows = statement.query((tally.id, at, serial, until.as_micros(), limit))?;
        let mut bytes = 0;
        while let Some(row) = rows.next()? {
            bytes += row.get_ref(2)?.as_bytes().map_or(0, <[u8]>::len);
            if bytes > SLICE_BYTES_MAX && !entries.is_empty() {
                break;
            }
            let key = EntryKey {
                set,
                at: SetTime::from_micros(row.get(0)?),
                serial: row.get(1)?,
            };
            let job = stored_job(row, 2)?;
            entries.push(Entry { key, job });
        }
        Ok(entries)
    }

    pub(super) fn delete_entries(&mut self, keys: &[EntryKey]) -> rusqlite::Result<usize> {
        let mut removed = 0;
        for key in keys {
            self.begin()?;
            let tally = self.tallies.set_mut(key.set);
            let delete = self.statements.get(Sql::EntryDelete)?;
            let found = delete.execute((tally.id, key.at.as_micros(), key.serial))?;
            tally.size = tally.size.saturating_sub(found as u64);
            removed += found;
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
