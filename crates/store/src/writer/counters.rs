//! Counters, and all sizes at a glance.

use super::rows::Rows;
use super::tallies::sum;
use super::tx::WriterTx;
use crate::{Counts, QueueTotals, StoreError, Totals};

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn count(&mut self, day: i64, counts: Counts) {
        if counts == Counts::default() {
            return;
        }
        let of_day = self.counted.entry(day).or_default();
        *of_day = sum(*of_day, counts);
        self.tallies.counts = sum(self.tallies.counts, counts);
    }

    /// Adds to the counters of days; those of all time are among the tallies.
    pub(super) fn write_counts(&mut self) -> Result<(), StoreError> {
        for (&day, &counts) in &self.counted {
            self.rows.add_counts(day, counts)?;
        }
        Ok(())
    }

    pub(super) fn totals(&self) -> Totals {
        let queues = self.cache.queues().live().map(|(_, queue)| {
            let row = &queue.now.row;
            let totals = QueueTotals {
                size: row.size,
                paused: row.paused,
            };
            (row.name.to_string(), totals)
        });
        Totals {
            queues: queues.collect(),
            scheduled: self.tallies.scheduled.size,
            retries: self.tallies.retries.size,
            dead: self.tallies.dead.size,
            completed: self.tallies.completed.size,
            working: self.cache.mirror().len() as u64,
            counts: self.tallies.counts,
        }
    }
}
