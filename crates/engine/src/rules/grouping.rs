//! Grouping: the jobs that a server without groups of failures has left are put into theirs, a slice at a time, in the background.

use workmill_proto::{SetName, SteadyTime};
use workmill_store::{EntryKey, SetTime, StoreError, Tx, Ungrouped};

use crate::group::Group;
use crate::limits::GROUPING_SLICE_JOBS;

impl<T: Tx> Group<'_, T> {
    /// Puts a slice of jobs into their groups. Tells whether there may be more.
    pub(crate) fn group_failures(&mut self) -> Result<bool, StoreError> {
        if self.memory.are_grouped {
            return Ok(false);
        }
        let Some(Ungrouped { after }) = self.tx.get::<Ungrouped>(&[()])?.pop().flatten() else {
            // Nobody makes more of it.
            self.memory.are_grouped = true;
            return Ok(false);
        };
        let set = after.set;
        let slice = self
            .tx
            .entries(set, Some(after), SetTime::MAX, GROUPING_SLICE_JOBS)?;
        let next = match slice.last() {
            Some(last) => Some(last.key),
            None => behind(set),
        };
        let mut grouped = Vec::with_capacity(slice.len());
        for entry in slice {
            if let Ok(mut record) = entry.job
                && record.failure.is_none()
            {
                self.failures.enter(self.tx, self.now, set, &mut record)?;
                grouped.push((entry.key, record));
            }
        }
        if !grouped.is_empty() {
            self.tx.rewrite_entries(&grouped)?;
        }
        match next {
            Some(after) => self.tx.put(&[((), Ungrouped { after })])?,
            None => {
                self.tx.remove::<Ungrouped>(&[()])?;
                tracing::info!("all failed jobs are in groups of failures now");
            }
        }
        Ok(next.is_some())
    }
}

/// Before the first job of the set that comes behind one.
fn behind(set: SetName) -> Option<EntryKey> {
    (set != SetName::Dead).then_some(EntryKey {
        set: SetName::Dead,
        at: SetTime::dead(SteadyTime::from_micros(i64::MIN)),
        serial: i64::MIN,
    })
}
