//! What was counted and is not written yet, of all groups and of the one at work.

use workmill_proto::Timestamp;
use workmill_store::{HistoryKey, HistorySlot, JobRecord, Reservation, Resolution, StoreError, Tx};

use super::counted::Counted;
use super::ledger::Ledger;
use super::names::{Names, Series};

/// What a group does to what is not written yet, once it is committed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Turn {
    /// It adds to it.
    #[default]
    Adds,
    /// It has written it.
    Writes,
    /// It has forgotten it.
    Forgets,
}

/// What was counted and is not written yet.
#[derive(Debug, Default)]
pub(crate) struct History {
    pub(super) names: Names,
    pub(super) ledger: Ledger,
    /// The minute of the group at work.
    minute: i64,
    /// What the group at work has counted.
    noted: Vec<(Series, Counted)>,
    turn: Turn,
}

impl History {
    /// A group begins. `seed` is used when the first one does.
    pub(crate) fn begin(&mut self, now: Timestamp, seed: u64) {
        self.minute = Resolution::Minute.slot_at(now);
        self.names.seed(seed);
    }

    /// What a job is counted with.
    pub(crate) fn series_of(&mut self, record: &JobRecord) -> Series {
        self.names.series(&record.queue, &record.jobtype)
    }

    /// What a reserved job is counted with, if the reservation tells, or the job, if it was read.
    pub(crate) fn series_of_held(
        &mut self,
        held: &Reservation,
        record: Option<&JobRecord>,
    ) -> Option<Series> {
        let known = self.names.known(held.series);
        known.or_else(|| Some(self.series_of(record?)))
    }

    /// Counts something.
    pub(crate) fn note(&mut self, series: Series, counted: Counted) {
        self.noted.push((series, counted));
    }

    /// Counts what happens to a job; tells what it is counted with.
    pub(crate) fn note_job(&mut self, record: &JobRecord, counted: Counted) -> Series {
        let series = self.series_of(record);
        self.note(series, counted);
        series
    }

    /// Forgets everything, as it is flushed.
    pub(crate) fn forget(&mut self) {
        self.noted.clear();
        self.turn = Turn::Forgets;
    }

    /// Adds what was counted before this group to the slots that are kept.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        if self.turn != Turn::Adds {
            return Ok(());
        }
        let more = self.ledger.slots(&self.names);
        if more.is_empty() {
            return Ok(());
        }
        let keys: Vec<HistoryKey> = more.keys().copied().collect();
        let kept = tx.get::<HistorySlot>(&keys)?;
        let sums = more.into_iter().zip(kept).map(|((key, more), kept)| {
            let mut sum = kept.unwrap_or_default();
            sum.add(&more);
            (key, sum)
        });
        tx.put(&sums.collect::<Vec<_>>())?;
        self.turn = Turn::Writes;
        Ok(())
    }

    /// Keeps what the group has counted.
    pub(crate) fn commit(&mut self) {
        if self.turn != Turn::Adds {
            self.ledger.clear();
            self.names.forget_unused();
            self.turn = Turn::Adds;
        }
        if self.noted.is_empty() {
            return;
        }
        self.ledger.turn_to(self.minute, &self.names);
        for (series, counted) in self.noted.drain(..) {
            self.ledger.add(series, counted);
        }
    }

    /// Undoes what the group has counted.
    pub(crate) fn roll_back(&mut self) {
        self.noted.clear();
        self.turn = Turn::Adds;
    }
}
