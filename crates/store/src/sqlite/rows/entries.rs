//! The tables of sets and their entries.

use std::ops::ControlFlow;

use rusqlite::Row;
use workmill_proto::SetName;

use super::{SqliteRows, raw};
use crate::StoreError;
use crate::record::RawRecord;
use crate::sqlite::sql::Sql;
use crate::writer::{EntryPlace, EntryRows, Removal};

impl EntryRows for SqliteRows<'_> {
    fn insert_entry(
        &mut self,
        (set_id, at, serial): EntryPlace,
        record: &[u8],
    ) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::EntryInsert, (set_id, at, serial, record))?;
        Ok(())
    }

    fn entries_after(
        &mut self,
        (set_id, at, serial): EntryPlace,
        limit: usize,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        self.statements
            .rows(Sql::EntriesFrom, (set_id, at, serial, limit), |row| {
                Ok(each(place(row)?, raw(row, 3)?))
            })
    }

    fn entry_before<T>(
        &mut self,
        sought: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.statements.row(Sql::EntryBefore, sought, |row| {
            Ok(read(place(row)?, raw(row, 3)?))
        })
    }

    fn entry_after<T>(
        &mut self,
        sought: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.statements.row(Sql::EntryAfter, sought, |row| {
            Ok(read(place(row)?, raw(row, 3)?))
        })
    }

    fn update_entry(
        &mut self,
        (set_id, at, serial): EntryPlace,
        record: &[u8],
    ) -> Result<bool, StoreError> {
        let row = (set_id, at, serial, record);
        Ok(self.statements.execute(Sql::EntryUpdate, row)? > 0)
    }

    fn delete_entries(&mut self, places: &[EntryPlace]) -> Result<Vec<bool>, StoreError> {
        let delete = |place: &EntryPlace| {
            let deleted = self.statements.execute(Sql::EntryDelete, *place)?;
            Ok(deleted > 0)
        };
        places.iter().map(delete).collect()
    }

    fn delete_entries_until(&mut self, place: EntryPlace) -> Result<usize, StoreError> {
        self.statements.execute(Sql::EntriesDeleteUntil, place)
    }

    fn make_set(&mut self, id: i64, name: SetName) -> Result<(), StoreError> {
        self.statements.execute(Sql::SetMake, (id, name.as_str()))?;
        Ok(())
    }

    fn write_set_size(&mut self, id: i64, size: u64) -> Result<(), StoreError> {
        self.statements.execute(Sql::SetWriteSize, (id, size))?;
        Ok(())
    }

    fn mark_set(&mut self, id: i64, removal: Removal) -> Result<(), StoreError> {
        self.statements
            .execute(Sql::SetMarkCleared, (id, removal as i64))?;
        Ok(())
    }

    fn mark_cleared_sets_flushed(&mut self) -> Result<(), StoreError> {
        self.statements.execute(Sql::SetsMarkFlushed, ())?;
        Ok(())
    }

    fn marked_set(&mut self) -> Result<Option<(i64, Removal)>, StoreError> {
        self.statements.row(Sql::SetReadCleared, (), |row| {
            let removal = match row.get::<_, i64>(1)? == Removal::Cleared as i64 {
                true => Removal::Cleared,
                false => Removal::Flushed,
            };
            Ok((row.get(0)?, removal))
        })
    }

    fn delete_set(&mut self, id: i64) -> Result<(), StoreError> {
        self.statements.execute(Sql::SetDelete, (id,))?;
        Ok(())
    }
}

pub(crate) fn place(row: &Row<'_>) -> rusqlite::Result<EntryPlace> {
    Ok((row.get(0)?, row.get(1)?, row.get(2)?))
}
