//! Jobs of the dead set, looked up one after the other: read ahead for as long as those that are asked for follow each other there,
//! as those do that one action has killed.

use std::collections::VecDeque;

use workmill_proto::SetName;
use workmill_store::{Entry, EntryKey, SetTime, StoreError, StoredJob, Tx};

/// The most jobs that are read ahead: some of them may not be asked for.
const AHEAD_MAX: usize = 64;

/// Looks jobs up while nothing changes in the dead set.
#[derive(Debug, Default)]
pub(super) struct DeadRun {
    /// All jobs there are behind `asked`, up to the last of these.
    read: VecDeque<Entry>,
    /// What was asked for last.
    asked: Option<EntryKey>,
    /// How many jobs were read the last time, and how many of them were asked for.
    ahead: usize,
    found: usize,
}

impl DeadRun {
    /// The job under this key, if it is there.
    pub(super) fn find<T: Tx>(
        &mut self,
        tx: &mut T,
        key: EntryKey,
    ) -> Result<Option<StoredJob>, StoreError> {
        if !self.has_read(key) {
            self.read_from(tx, key)?;
        }
        self.asked = Some(key);
        while let Some(entry) = self.read.pop_front() {
            if entry.key == key {
                self.found += 1;
                return Ok(Some(entry.job));
            }
            if entry.key > key {
                self.read.push_front(entry);
                break;
            }
        }
        Ok(None)
    }

    /// Whether it is known if there is a job under this key.
    fn has_read(&self, key: EntryKey) -> bool {
        let is_behind = self.asked.is_some_and(|asked| asked < key);
        is_behind && self.read.back().is_some_and(|last| key <= last.key)
    }

    /// Reads this one and those behind it: twice as many as the last time if at least half of those were asked for.
    fn read_from<T: Tx>(&mut self, tx: &mut T, key: EntryKey) -> Result<(), StoreError> {
        self.ahead = match self.found * 2 >= self.ahead {
            true => (self.ahead * 2).clamp(1, AHEAD_MAX),
            false => (self.ahead / 2).max(1),
        };
        self.found = 0;
        let before = EntryKey {
            serial: key.serial.saturating_sub(1),
            ..key
        };
        let read = tx.entries(SetName::Dead, Some(before), SetTime::MAX, self.ahead)?;
        self.read = read.into();
        Ok(())
    }
}
