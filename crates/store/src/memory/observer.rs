//! Read-only views of the committed state.

use workmill_proto::SetName;

use super::disk::MemoryDisk;
use crate::writer::QueueState;
use crate::{Counts, Observer, QueueTotals, StoreError, Totals};

/// A view of what was committed.
#[derive(Debug)]
pub struct MemoryObserver(pub(super) MemoryDisk);

impl Observer for MemoryObserver {
    fn totals(&mut self) -> Result<Totals, StoreError> {
        let tables = &self.0.lock().tables;
        let queues = tables.queues.committed();
        let queues = queues
            .into_values()
            .filter(|row| row.state == QueueState::Live);
        let queues = queues.map(|row| {
            let totals = QueueTotals {
                size: row.size,
                paused: row.paused,
            };
            (row.name.to_string(), totals)
        });
        let sets = tables.sets.committed();
        let size_of = |name| {
            let mut sets = sets.values();
            let set = sets.find(|set| set.name == name && set.removal.is_none());
            set.map_or(0, |set| set.size)
        };
        let tallies = tables.tallies.committed();
        let tallies = tallies.get(&()).copied().unwrap_or_default();
        Ok(Totals {
            queues: queues.collect(),
            scheduled: size_of(SetName::Scheduled),
            retries: size_of(SetName::Retries),
            dead: size_of(SetName::Dead),
            working: tallies.working,
            counts: tallies.counts,
        })
    }

    fn days(&mut self, first: i64, last: i64) -> Result<Vec<(i64, Counts)>, StoreError> {
        let counters = self.0.lock().tables.counters.committed();
        let days = counters.range(first..=last);
        Ok(days.map(|(&day, &counts)| (day, counts)).collect())
    }
}
