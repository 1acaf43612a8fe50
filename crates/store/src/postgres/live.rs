//! What nearly every transaction changes, and the one writer has in memory: queues, sets, tallies, counters.
//!
//! Each has an id, and a row with a version. A change is a new row with the next version, and the old one is deleted: so a row is
//! always found by its whole key. One row that is changed over and over would leave behind versions that all have to be looked at,
//! as long as anybody holds an old transaction open.

mod codec;

use std::collections::BTreeMap;

pub(super) use codec::{
    Day, Number, SetRecord, decode, decode_queue, decode_tallies, encode, encode_queue,
    encode_tallies,
};
use workmill_proto::SetName;

use crate::writer::{QUEUE_ID_MAX, QueueId};

/// The id of the row of tallies.
pub(super) const TALLIES: i64 = -1;
/// The id of the number of the last batch.
pub(super) const LAST_BATCH: i64 = -2;
/// The id of the number of the last action.
pub(super) const LAST_ACTION: i64 = -3;
/// The id of a row without contents, whose version is counted up by each commit: it tells whether the database still has the last one.
pub(super) const COMMITS: i64 = -4;
/// What the id of the counters of a day is more than the day, counted from 1970.
const DAY_OFFSET: i64 = 1 << 40;
/// What the id of a set is more than its number.
const SET_OFFSET: i64 = 1 << 50;

/// The ids of all queues. Each is the number of the queue.
pub(super) const QUEUES: (i64, i64) = (0, QUEUE_ID_MAX as i64);
/// The ids of all sets.
pub(super) const SETS: (i64, i64) = (SET_OFFSET, i64::MAX);

/// The id of a queue.
pub(super) fn queue_id(queue: QueueId) -> i64 {
    i64::from(queue)
}

/// The queue that has an id.
pub(super) fn queue_of(id: i64) -> Option<QueueId> {
    QueueId::try_from(id).ok()
}

/// The id of a set.
pub(super) fn set_id(set: i64) -> i64 {
    SET_OFFSET.saturating_add(set)
}

/// The number of the set that has an id.
pub(super) fn set_of(id: i64) -> i64 {
    id.saturating_sub(SET_OFFSET)
}

/// The id of the counters of a day. Days of years that no clock shows share one.
pub(super) fn day_id(day: i64) -> i64 {
    DAY_OFFSET + day.clamp(-DAY_OFFSET / 2, DAY_OFFSET / 2)
}

/// The ids of the counters of all days.
pub(super) fn day_range() -> (i64, i64) {
    (day_id(i64::MIN), day_id(i64::MAX))
}

/// The day whose counters have an id.
pub(super) fn day_of(id: i64) -> i64 {
    id.saturating_sub(DAY_OFFSET)
}

/// The rows of a new store: an empty set of each name, and what tells the last commit.
pub(super) fn first_rows() -> Vec<(i64, Vec<u8>)> {
    let sets = (1..).zip(SetName::ALL).map(|(id, name)| {
        let record = SetRecord {
            name,
            size: 0,
            removal: None,
        };
        (set_id(id), record.encode())
    });
    sets.chain([(COMMITS, Vec::new())]).collect()
}

/// A row as it is in the database.
#[derive(Debug)]
struct Row {
    version: i64,
    bytes: Vec<u8>,
}

/// All rows, as of the last commit.
#[derive(Debug, Default)]
pub(super) struct Live(BTreeMap<i64, Row>);

/// What a transaction changes of them.
#[derive(Debug, Default)]
pub(super) struct LiveChanges(BTreeMap<i64, Option<Vec<u8>>>);

/// What is to be written: rows that are new, and those that are gone.
#[derive(Debug, Default)]
pub(super) struct LiveWrites<'a> {
    pub(super) new: (Vec<i64>, Vec<i64>, Vec<&'a [u8]>),
    pub(super) gone: (Vec<i64>, Vec<i64>),
}

impl Live {
    /// Takes in a row that was read.
    pub(super) fn insert(&mut self, id: i64, version: i64, bytes: Vec<u8>) {
        self.0.insert(id, Row { version, bytes });
    }

    /// The version of what is under an id; none if there is nothing.
    pub(super) fn version(&self, id: i64) -> Option<i64> {
        self.0.get(&id).map(|row| row.version)
    }

    /// What is under an id.
    pub(super) fn get(&self, id: i64) -> Option<&[u8]> {
        self.0.get(&id).map(|row| &*row.bytes)
    }

    /// All that is under these ids.
    pub(super) fn within(&self, (first, last): (i64, i64)) -> impl Iterator<Item = (i64, &[u8])> {
        let rows = self.0.range(first..=last);
        rows.map(|(&id, row)| (id, &*row.bytes))
    }

    /// What the changes write.
    pub(super) fn writes<'a>(&self, changes: &'a LiveChanges) -> LiveWrites<'a> {
        let mut writes = LiveWrites::default();
        for (&id, change) in &changes.0 {
            let version = self.version(id);
            if let Some(version) = version {
                writes.gone.0.push(id);
                writes.gone.1.push(version);
            }
            if let Some(bytes) = change {
                writes.new.0.push(id);
                writes.new.1.push(version.map_or(0, |version| version + 1));
                writes.new.2.push(bytes);
            }
        }
        writes
    }

    /// Takes the changes over: they are committed.
    pub(super) fn keep(&mut self, changes: LiveChanges) {
        for (id, change) in changes.0 {
            match change {
                Some(bytes) => {
                    let version = self.0.get(&id).map_or(0, |row| row.version + 1);
                    self.0.insert(id, Row { version, bytes });
                }
                None => drop(self.0.remove(&id)),
            }
        }
    }
}

impl LiveChanges {
    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Puts something under an id.
    pub(super) fn put(&mut self, id: i64, bytes: Vec<u8>) {
        self.0.insert(id, Some(bytes));
    }

    /// Removes what is under an id.
    pub(super) fn remove(&mut self, id: i64) {
        self.0.insert(id, None);
    }

    /// What is under an id now.
    pub(super) fn get<'a>(&'a self, live: &'a Live, id: i64) -> Option<&'a [u8]> {
        match self.0.get(&id) {
            Some(change) => change.as_deref(),
            None => live.get(id),
        }
    }

    /// All ids within these under which something is now.
    pub(super) fn ids(&self, live: &Live, (first, last): (i64, i64)) -> Vec<i64> {
        let kept = live.0.range(first..=last).map(|(&id, _)| id);
        let mut ids: Vec<i64> = kept.filter(|id| !self.0.contains_key(id)).collect();
        let changed = self.0.range(first..=last);
        ids.extend(changed.filter_map(|(&id, change)| change.as_ref().map(|_| id)));
        ids.sort_unstable();
        ids
    }
}
