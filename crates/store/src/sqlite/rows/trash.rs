//! The tables of the trash.

use rusqlite::types::Type;
use rusqlite::{Error, Row};
use workmill_proto::{SetName, SteadyTime};

use super::{SqliteRows, number, raw};
use crate::record::{Place, set_aside};
use crate::sqlite::sql::Sql;
use crate::writer::{KeyedRows, PassingRows};
use crate::{EntryKey, Fate, Home, SetTime, StoreError, Trash, TrashKey, TrashedJob};

/// Where a job was, each at the place of the number it is stored as.
const SETS: [Option<SetName>; 5] = [
    None,
    Some(SetName::Scheduled),
    Some(SetName::Retries),
    Some(SetName::Dead),
    Some(SetName::Completed),
];

impl KeyedRows<Trash> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, action: &u64) -> Result<Option<Trash>, StoreError> {
        let key = (generation, action.cast_signed());
        self.statements.row(Sql::TrashRead, key, read_trash)
    }

    fn put(&mut self, generation: i64, action: &u64, trash: &Trash) -> Result<(), StoreError> {
        let row = (
            generation,
            action.cast_signed(),
            trash.first.cast_signed(),
            trash.end.cast_signed(),
            trash.bytes.cast_signed(),
            trash.ends_at.as_micros(),
            trash.done.cast_signed(),
        );
        self.statements.execute(Sql::TrashWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, action: &u64) -> Result<(), StoreError> {
        let key = (generation, action.cast_signed());
        self.statements.execute(Sql::TrashDelete, key)?;
        Ok(())
    }
}

impl PassingRows<Trash> for SqliteRows<'_> {
    fn due(
        &mut self,
        generation: i64,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let range = (generation, until.as_micros(), limit);
        self.statements
            .list(Sql::TrashDue, range, |row| number(row, 0))
    }
}

impl KeyedRows<TrashedJob> for SqliteRows<'_> {
    fn get(&mut self, generation: i64, key: &TrashKey) -> Result<Option<TrashedJob>, StoreError> {
        let (action, number) = stored_key(*key);
        let row = (generation, action, number);
        self.statements
            .row(Sql::TrashedRead, row, |row| read_trashed(*key, row))
    }

    fn put(
        &mut self,
        generation: i64,
        key: &TrashKey,
        trashed: &TrashedJob,
    ) -> Result<(), StoreError> {
        let (action, number) = stored_key(*key);
        let (set, at) = match trashed.home {
            Home::Queue => (None, 0),
            Home::Set(set, at) => (Some(set), at.as_micros()),
        };
        let set_id = (0_i64..).zip(SETS).find(|(_, known)| *known == set);
        let set_id = set_id.map_or(0, |(id, _)| id);
        // Which of these are there tells what became of it.
        let (job, dead, pending) = match &trashed.fate {
            Fate::Deleted(job) => (Some(job), None, None),
            Fate::Killed { dead, was_pending } => (None, Some(dead), Some(*was_pending)),
            Fate::Evicted { job, was_pending } => (Some(job), None, Some(*was_pending)),
        };
        let record = job.map(|job| {
            let place = Place::Trashed { action, number };
            let mut bytes = Vec::new();
            match job {
                Ok(job) => job.encode(place, &mut bytes),
                Err(corrupt) => set_aside(place, &corrupt.bytes, &mut bytes),
            }
            bytes
        });
        let dead_at = dead.map(|dead| dead.at.as_micros());
        let dead_serial = dead.map(|dead| dead.serial);
        let row = (
            generation,
            action,
            number,
            set_id,
            at,
            dead_at,
            dead_serial,
            pending,
            record,
        );
        self.statements.execute(Sql::TrashedWrite, row)?;
        Ok(())
    }

    fn remove(&mut self, generation: i64, key: &TrashKey) -> Result<(), StoreError> {
        let (action, number) = stored_key(*key);
        self.statements
            .execute(Sql::TrashedDelete, (generation, action, number))?;
        Ok(())
    }
}

fn stored_key((action, number): TrashKey) -> (i64, i64) {
    (action.cast_signed(), number.cast_signed())
}

/// The columns of what is left of an action in the order in which the statements read them.
pub(crate) fn read_trash(row: &Row<'_>) -> rusqlite::Result<Trash> {
    Ok(Trash {
        first: number(row, 0)?,
        end: number(row, 1)?,
        bytes: number(row, 2)?,
        ends_at: SteadyTime::from_micros(row.get(3)?),
        done: number(row, 4)?,
    })
}

/// The columns of a job in the trash in the order in which the statements read them.
pub(crate) fn read_trashed(key: TrashKey, row: &Row<'_>) -> rusqlite::Result<TrashedJob> {
    let set_id: usize = row.get(0)?;
    let set = SETS.get(set_id).copied().ok_or_else(|| {
        let reason = format!("unknown place {set_id} of a job");
        Error::FromSqlConversionFailure(0, Type::Integer, reason.into())
    })?;
    let at = SetTime::from_micros(row.get(1)?);
    let home = set.map_or(Home::Queue, |set| Home::Set(set, at));
    let fate = match row.get::<_, Option<i64>>(3)? {
        Some(serial) => Fate::Killed {
            dead: EntryKey {
                set: SetName::Dead,
                at: SetTime::from_micros(row.get(2)?),
                serial,
            },
            was_pending: row.get(4)?,
        },
        None => {
            let (action, number) = stored_key(key);
            let job = raw(row, 5)?.decode(Place::Trashed { action, number });
            match row.get::<_, Option<bool>>(4)? {
                Some(was_pending) => Fate::Evicted { job, was_pending },
                None => Fate::Deleted(job),
            }
        }
    };
    Ok(TrashedJob { home, fate })
}
