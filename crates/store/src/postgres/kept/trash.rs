//! The trash.

use workmill_proto::{SetName, SteadyTime};

use super::stored;
use crate::postgres::live::{decode, encode};
use crate::record::{Place, RawRecord, set_aside};
use crate::{EntryKey, Fate, Home, SetTime, StoredJob, Trash, TrashKey, TrashedJob};

/// First, end, done, bytes, and when it ends.
type TrashFields = (u64, u64, u64, u64, i64);

stored!(Trash = 30, ends ends_at,
    |trash, _key| encode(&(
        trash.first,
        trash.end,
        trash.done,
        trash.bytes,
        trash.ends_at.as_micros(),
    )),
    |_key, bytes| {
        let (first, end, done, bytes, ends_at): TrashFields = decode(bytes)?;
        Some(Self {
            first,
            end,
            done,
            bytes,
            ends_at: SteadyTime::from_micros(ends_at),
        })
    }
);

/// The set it was in, and its time there; the entry of a killed job in the dead set; whether it was pending; its record.
type TrashedFields = (
    Option<(String, i64)>,
    Option<(i64, i64)>,
    Option<bool>,
    Option<Vec<u8>>,
);

stored!(
    TrashedJob = 31,
    |trashed, key| {
        let home = match trashed.home {
            Home::Queue => None,
            Home::Set(set, at) => Some((set.as_str().to_owned(), at.as_micros())),
        };
        // Which of these are there tells what became of it.
        let (job, dead, pending) = match &trashed.fate {
            Fate::Deleted(job) => (Some(job), None, None),
            Fate::Killed { dead, was_pending } => (
                None,
                Some((dead.at.as_micros(), dead.serial)),
                Some(*was_pending),
            ),
            Fate::Evicted { job, was_pending } => (Some(job), None, Some(*was_pending)),
        };
        let fields: TrashedFields = (home, dead, pending, job.map(|job| record(*key, job)));
        encode(&fields)
    },
    |key, bytes| {
        let (home, dead, pending, record): TrashedFields = decode(bytes)?;
        let home = match home {
            Some((set, at)) => Home::Set(SetName::parse(&set)?, SetTime::from_micros(at)),
            None => Home::Queue,
        };
        let job = record.map(|record| RawRecord::Bytes(&record).decode(place(*key)));
        let fate = match (job, dead, pending) {
            (None, Some((at, serial)), Some(was_pending)) => Fate::Killed {
                dead: EntryKey {
                    set: SetName::Dead,
                    at: SetTime::from_micros(at),
                    serial,
                },
                was_pending,
            },
            (Some(job), None, Some(was_pending)) => Fate::Evicted { job, was_pending },
            (Some(job), None, None) => Fate::Deleted(job),
            _ => return None,
        };
        Some(Self { home, fate })
    }
);

fn place((action, number): TrashKey) -> Place {
    Place::Trashed {
        action: action.cast_signed(),
        number: number.cast_signed(),
    }
}

fn record(key: TrashKey, job: &StoredJob) -> Vec<u8> {
    let mut bytes = Vec::new();
    match job {
        Ok(job) => job.encode(place(key), &mut bytes),
        Err(corrupt) => set_aside(place(key), &corrupt.bytes, &mut bytes),
    }
    bytes
}
