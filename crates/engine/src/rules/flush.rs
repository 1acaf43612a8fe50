//! FLUSH: everything is forgotten. FETCHes that wait go on waiting.

use workmill_store::{StoreError, Tx};

use crate::group::Group;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn flush(&mut self) -> Result<(), StoreError> {
        self.meters.clear();
        // Nothing is there any more.
        self.memory.parked.take_ready();
        self.locks.clear();
        self.batches.clear();
        self.tracks.clear();
        for (entry, _) in self.memory.timetable.table().iter() {
            self.cron_runs.forget(entry);
        }
        self.failures.clear();
        self.trash.clear();
        self.memory.careful.flush();
        self.memory.makers.forget_all();
        self.memory.history.forget();
        self.tx.flush()
    }
}
