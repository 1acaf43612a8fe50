//! Sets and their entries.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use tokio_postgres::Row;
use workmill_proto::SetName;

use super::super::live::{SETS, SetRecord, set_id, set_of};
use super::super::pages::{RECORDS_MAX, column, turn};
use super::super::request::Value;
use super::super::sql::Sql;
use super::batch::Requests;
use super::{PostgresRows, Tables};
use crate::record::RawRecord;
use crate::writer::{EntryPlace, EntryRows, Removal};
use crate::{SLICE_BYTES_MAX, StoreError};

/// What is to be done to a row.
#[derive(Debug)]
enum Change {
    Insert(Box<[u8]>),
    Update(Box<[u8]>),
}

/// What was changed and is not written yet.
#[derive(Debug, Default)]
pub(super) struct EntryChanges {
    rows: BTreeMap<EntryPlace, Change>,
    bytes: usize,
}

impl EntryChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// How many bytes of records are to be written.
    pub(super) fn bytes(&self) -> usize {
        self.bytes
    }

    /// What writes all of it.
    pub(super) fn put<'a>(&'a self, requests: &mut Requests<'a>) {
        let (mut new, mut changed) = (Vec::new(), Vec::new());
        for (&place, change) in &self.rows {
            match change {
                Change::Insert(record) => new.push((place, &**record)),
                Change::Update(record) => changed.push((place, &**record)),
            }
        }
        for (sql, rows) in [(Sql::EntriesInsert, new), (Sql::EntriesUpdate, changed)] {
            if !rows.is_empty() {
                let mut values = places(rows.iter().map(|(place, _)| *place));
                values.push(Value::Many(
                    rows.into_iter().map(|(_, record)| record).collect(),
                ));
                requests.push(sql, values);
            }
        }
    }
}

/// The columns of places.
fn places<'a>(places: impl Iterator<Item = EntryPlace> + Clone) -> Vec<Value<'a>> {
    vec![
        Value::Ints(places.clone().map(|(set_id, ..)| set_id).collect()),
        Value::Ints(places.clone().map(|(_, at, _)| at).collect()),
        Value::Ints(places.map(|(.., serial)| serial).collect()),
    ]
}

impl EntryRows for PostgresRows<'_> {
    fn insert_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<(), StoreError> {
        self.entries.bytes += record.len();
        let change = Change::Insert(record.into());
        self.entries.rows.insert(place, change);
        self.write_if_much()
    }

    fn entries_after(
        &mut self,
        place: EntryPlace,
        limit: usize,
        mut each: impl FnMut(EntryPlace, RawRecord<'_>) -> ControlFlow<()>,
    ) -> Result<(), StoreError> {
        let page = |behind: Option<&EntryPlace>, wanted: usize| {
            let (set_id, at, serial) = behind.copied().unwrap_or(place);
            let mut values = vec![set_id.into(), at.into(), serial.into()];
            values.extend([wanted.into(), SLICE_BYTES_MAX.into()]);
            self.rows(Tables::ENTRIES, Sql::EntriesAfter, values)
        };
        turn(limit, RECORDS_MAX, page, |row| {
            let place = place_in(row)?;
            Ok((place, each(place, RawRecord::Bytes(column(row, 3)?))))
        })
    }

    fn entry_before<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.entry_beside(Sql::EntryBefore, place, read)
    }

    fn entry_after<T>(
        &mut self,
        place: EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        self.entry_beside(Sql::EntryAfter, place, read)
    }

    fn update_entry(&mut self, place: EntryPlace, record: &[u8]) -> Result<bool, StoreError> {
        self.entries.bytes += record.len();
        let change = match self.entries.rows.get(&place) {
            Some(Change::Insert(_)) => Change::Insert(record.into()),
            Some(Change::Update(_)) | None => Change::Update(record.into()),
        };
        self.entries.rows.insert(place, change);
        self.write_if_much().map(|()| true)
    }

    fn delete_entries(&mut self, entries: &[EntryPlace]) -> Result<Vec<bool>, StoreError> {
        if entries.is_empty() {
            return Ok(Vec::new());
        }
        let values = places(entries.iter().copied());
        let rows = self.rows(Tables::ENTRIES, Sql::EntriesDelete, values)?;
        let deleted: Result<BTreeSet<EntryPlace>, StoreError> = rows.iter().map(place_in).collect();
        let mut deleted = deleted?;
        // Of one that is named twice the second is not there.
        Ok(entries.iter().map(|place| deleted.remove(place)).collect())
    }

    fn delete_entries_until(&mut self, (set, at, serial): EntryPlace) -> Result<usize, StoreError> {
        let values = vec![set.into(), at.into(), serial.into()];
        let deleted = self.ask(Tables::ENTRIES, Sql::EntriesDeleteUntil, values)?;
        Ok(usize::try_from(deleted.changed).unwrap_or(usize::MAX))
    }

    fn make_set(&mut self, id: i64, name: SetName) -> Result<(), StoreError> {
        let record = SetRecord {
            name,
            size: 0,
            removal: None,
        };
        self.live_changes.put(set_id(id), record.encode());
        Ok(())
    }

    fn write_set_size(&mut self, id: i64, size: u64) -> Result<(), StoreError> {
        self.change_set(id, |set| set.size = size)
    }

    fn mark_set(&mut self, id: i64, removal: Removal) -> Result<(), StoreError> {
        self.change_set(id, |set| {
            set.size = 0;
            set.removal = Some(removal);
        })
    }

    fn mark_cleared_sets_flushed(&mut self) -> Result<(), StoreError> {
        for id in self.live_changes.ids(self.live, SETS) {
            self.change_set(set_of(id), |set| {
                set.removal = set.removal.map(|_| Removal::Flushed);
            })?;
        }
        Ok(())
    }

    fn marked_set(&mut self) -> Result<Option<(i64, Removal)>, StoreError> {
        for id in self.live_changes.ids(self.live, SETS) {
            let set = set_of(id);
            if let Some(removal) = self.set(set)?.removal {
                return Ok(Some((set, removal)));
            }
        }
        Ok(None)
    }

    fn delete_set(&mut self, id: i64) -> Result<(), StoreError> {
        self.live_changes.remove(set_id(id));
        Ok(())
    }
}

impl PostgresRows<'_> {
    fn set(&self, id: i64) -> Result<SetRecord, StoreError> {
        let bytes = self.live_changes.get(self.live, set_id(id));
        let odd = || StoreError::Inconsistent(format!("the set {id} is not there"));
        bytes.and_then(SetRecord::decode).ok_or_else(odd)
    }

    fn change_set(
        &mut self,
        id: i64,
        change: impl FnOnce(&mut SetRecord),
    ) -> Result<(), StoreError> {
        let mut set = self.set(id)?;
        change(&mut set);
        self.live_changes.put(set_id(id), set.encode());
        Ok(())
    }

    fn entry_beside<T>(
        &mut self,
        sql: Sql,
        (set, at, serial): EntryPlace,
        read: impl FnOnce(EntryPlace, RawRecord<'_>) -> T,
    ) -> Result<Option<T>, StoreError> {
        let values = vec![set.into(), at.into(), serial.into()];
        let rows = self.rows(Tables::ENTRIES, sql, values)?;
        let Some(row) = rows.first() else {
            return Ok(None);
        };
        Ok(Some(read(
            place_in(row)?,
            RawRecord::Bytes(column(row, 3)?),
        )))
    }
}

/// The place in the first columns of a row.
pub(in crate::postgres) fn place_in(row: &Row) -> Result<EntryPlace, StoreError> {
    Ok((column(row, 0)?, column(row, 1)?, column(row, 2)?))
}
