//! How what is live becomes bytes and is read again: a version byte, and fields.

use serde::Serialize;
use serde::de::DeserializeOwned;
use workmill_proto::{SetName, SteadyTime, Timestamp};

use crate::writer::{QueueRow, QueueState, Removal, Tallies};
use crate::{Clocks, Counts};

const VERSION: u8 = 1;

/// The counters of a day: processed, failures, expired.
pub(in crate::postgres) type Day = (u64, u64, u64);
/// A number that is counted up.
pub(in crate::postgres) type Number = u64;

/// The stored form of fields.
pub(in crate::postgres) fn encode(fields: &impl Serialize) -> Vec<u8> {
    // Only what cannot be written fails, and memory takes all.
    postcard::to_extend(fields, vec![VERSION]).unwrap_or_default()
}

/// Reads the stored form of fields; none if it is not that.
pub(in crate::postgres) fn decode<T: DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    match bytes.split_first() {
        Some((&VERSION, fields)) => postcard::from_bytes(fields).ok(),
        _ => None,
    }
}

/// Name, state, pause, size, and the next, the front and the head position.
type QueueFields = (String, u8, bool, u64, i64, i64, i64);

pub(in crate::postgres) fn encode_queue(row: &QueueRow) -> Vec<u8> {
    encode(&(
        &*row.name,
        row.state as u8,
        row.paused,
        row.size,
        row.position_next,
        row.position_front,
        row.position_head,
    ))
}

pub(in crate::postgres) fn decode_queue(bytes: &[u8]) -> Option<QueueRow> {
    let (name, state, paused, size, next, front, head): QueueFields = decode(bytes)?;
    let mut states = QueueState::ALL.into_iter();
    Some(QueueRow {
        name: name.into(),
        state: states.find(|known| *known as u8 == state)?,
        paused,
        size,
        position_next: next,
        position_front: front,
        position_head: head,
    })
}

/// Reserved jobs, counters of all time, the last serial, the generation, and the clocks.
type TalliesFields = (u64, Day, i64, i64, Option<(i64, i64)>);

pub(in crate::postgres) fn encode_tallies(tallies: &Tallies) -> Vec<u8> {
    let counts = tallies.counts;
    let clocks = tallies.clocks;
    let clocks = clocks.map(|clocks| (clocks.steady.as_micros(), clocks.wall.as_micros()));
    let fields: TalliesFields = (
        tallies.working,
        (counts.processed, counts.failures, counts.expired),
        tallies.last_serial,
        tallies.generation,
        clocks,
    );
    encode(&fields)
}

/// Nothing of sets.
pub(in crate::postgres) fn decode_tallies(bytes: &[u8]) -> Option<Tallies> {
    let (working, counts, last_serial, generation, clocks): TalliesFields = decode(bytes)?;
    let (processed, failures, expired) = counts;
    Some(Tallies {
        working,
        counts: Counts {
            processed,
            failures,
            expired,
        },
        last_serial,
        generation,
        clocks: clocks.map(|(steady, wall)| Clocks {
            steady: SteadyTime::from_micros(steady),
            wall: Timestamp::from_micros(wall),
        }),
        ..Tallies::default()
    })
}

/// A set: its name, how many entries it has, and what became of it, if it is to be swept.
#[derive(Clone, Copy, Debug)]
pub(in crate::postgres) struct SetRecord {
    pub(in crate::postgres) name: SetName,
    pub(in crate::postgres) size: u64,
    pub(in crate::postgres) removal: Option<Removal>,
}

impl SetRecord {
    pub(in crate::postgres) fn encode(self) -> Vec<u8> {
        let removal = self.removal.map_or(0, |removal| removal as u8);
        encode(&(self.name.as_str(), self.size, removal))
    }

    pub(in crate::postgres) fn decode(bytes: &[u8]) -> Option<Self> {
        let (name, size, removal): (String, u64, u8) = decode(bytes)?;
        let removals = [None, Some(Removal::Cleared), Some(Removal::Flushed)];
        Some(Self {
            name: SetName::parse(&name)?,
            size,
            removal: *removals.get(usize::from(removal))?,
        })
    }
}
