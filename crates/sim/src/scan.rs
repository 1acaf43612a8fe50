//! What must hold of all that is stored, looked at now and then.

use std::collections::BTreeSet;

use workmill_proto::SetName;
use workmill_store::check::check;
use workmill_store::memory::MemoryStore;
use workmill_store::reading::{Bounds, READ_ROWS_MAX};
use workmill_store::{Place, Reading, Store as _, StoreError};

use crate::ops::{QUEUES, SLOTS, THROTTLED};
use crate::world::World;

/// After how many groups.
pub(crate) const SCAN_EVERY: u64 = 500;

impl World {
    /// Looks at all that is stored.
    pub(crate) fn scan(&mut self, store: &MemoryStore) {
        let reader = store.reader();
        match check(&reader) {
            Ok(findings) if findings.are_none() => {}
            Ok(findings) => self
                .history
                .fault(format!("the store is damaged: {:?}", findings.problems())),
            Err(error) => self
                .history
                .fault(format!("the store cannot be read: {error}")),
        }
        if let Err(error) = self.look_at_jobs(&reader) {
            self.history
                .fault(format!("the store cannot be read: {error}"));
        }
    }

    /// Looks whether more jobs run of the throttled queue than may. It is done after each group, so it must be cheap.
    pub(crate) fn look_at_slots(&mut self) {
        let taken = self.database.disk.count_reserved(THROTTLED) as u64;
        if taken > SLOTS {
            self.history
                .fault(format!("{taken} jobs run of a queue with {SLOTS} slots"));
        }
    }

    fn look_at_jobs(&mut self, reader: &impl Reading) -> Result<(), StoreError> {
        let queues = QUEUES.map(|queue| Place::Queue(queue.into()));
        let sets = SetName::ALL.map(Place::Set);
        let places = queues.into_iter().chain([Place::Working]).chain(sets);
        let mut seen = BTreeSet::new();
        for place in places {
            let mut after = None;
            loop {
                let found = reader.jobs(&place, after, Bounds::of_rows(READ_ROWS_MAX))?;
                for job in found.items {
                    let Ok(record) = job.job else { continue };
                    if !seen.insert(record.jid.clone()) {
                        self.history.fault(format!("{} is there twice", record.jid));
                    }
                }
                after = found.next;
                if after.is_none() {
                    break;
                }
            }
        }
        Ok(())
    }
}
