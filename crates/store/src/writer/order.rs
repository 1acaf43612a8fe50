//! What tells that a table is not in order: its rows are found by their keys, and so a damaged key hides others.
//!
//! Nothing here reads more than is read anyway, unless there is something odd.

use super::rows::{EntryPlace, Rows};
use super::tx::WriterTx;
use crate::record::{Place, RawRecord, belongs_elsewhere};
use crate::{StoreError, StoredJob};

/// How often the tables are looked through for nothing before oddities are left as they are.
const FUTILE_MAX: u32 = 3;

/// Whether there is reason to look through the tables.
#[derive(Debug, Default)]
pub(crate) struct Suspicion {
    /// What was odd.
    raised: Option<String>,
    /// How often nothing was found since the store was opened.
    futile: u32,
}

impl Suspicion {
    pub(crate) fn is_raised(&self) -> bool {
        self.raised.is_some()
    }

    /// What was odd, for the error that ends the transaction.
    pub(crate) fn reason(&self) -> Option<&str> {
        self.raised.as_deref()
    }

    /// Notes something odd; tells whether it is worth another look.
    pub(super) fn raise(&mut self, reason: impl FnOnce() -> String) -> bool {
        if self.futile >= FUTILE_MAX {
            return false;
        }
        self.raised.get_or_insert_with(reason);
        true
    }

    /// The tables were looked through.
    pub(crate) fn settle(&mut self, found_any: bool) {
        self.raised = None;
        self.futile += u32::from(!found_any);
    }
}

impl<R: Rows> WriterTx<'_, R> {
    /// Ends the transaction, so that the tables are looked through before the next. Does nothing if that has been to no
    /// avail.
    pub(super) fn suspect(&mut self, reason: impl FnOnce() -> String) -> Result<(), StoreError> {
        match self.suspicion.raise(reason) {
            true => Err(StoreError::Disorder("a table is out of order".into())),
            false => Ok(()),
        }
    }

    /// Looks whether a job that cannot be read is where it belongs. One that can is, as its record says so.
    pub(super) fn check_job(&mut self, key: i64, job: &StoredJob) -> Result<(), StoreError> {
        let Err(corrupt) = job else {
            return Ok(());
        };
        if !R::MAY_BE_OUT_OF_ORDER {
            return Ok(());
        }
        let in_order = self.rows.job_before(key)?.is_none_or(|before| before < key)
            && self.rows.job_after(key)?.is_none_or(|after| after > key)
            && self.rows.job(key, |_| ())?.is_some();
        if in_order && !belongs_elsewhere(Place::Job { key }, &corrupt.bytes) {
            return Ok(());
        }
        self.suspect(|| format!("a job is not where it belongs: it was found under the key {key}"))
    }

    /// Looks whether a claim found what there must be. Positions are given one after the other, so as many as wait come at
    /// the end of the queue.
    pub(super) fn check_claim(
        &mut self,
        queue: &str,
        (size, found, wanted_more): (u64, u64, bool),
        rest: Rest,
    ) -> Result<(), StoreError> {
        if wanted_more && found < size {
            tracing::error!(
                queue,
                size,
                found,
                "the queue {queue} is to have {size} jobs and {found} are found"
            );
            return self.suspect(|| {
                format!("the queue {queue} is to have {size} jobs and {found} are found")
            });
        }
        if found > size {
            return self.suspect(|| {
                format!("the queue {queue} is to have {size} jobs and {found} were found")
            });
        }
        if rest.waiting > rest.positions {
            return self.suspect(|| format!("jobs of the queue {queue} were passed over"));
        }
        Ok(())
    }

    /// Looks whether entries beside a place, where a search ended, are in order: one whose key is damaged misleads searches
    /// to itself.
    pub(super) fn check_entries_around(&mut self, sought: EntryPlace) -> Result<(), StoreError> {
        if !R::MAY_BE_OUT_OF_ORDER {
            return Ok(());
        }
        let before = self.rows.entry_before(sought, |key, record| {
            key > sought || belongs_elsewhere(place_of(key), record.bytes())
        })?;
        let after = self.rows.entry_after(sought, |key, record| {
            key <= sought || belongs_elsewhere(place_of(key), record.bytes())
        })?;
        let odd = before == Some(true) || after == Some(true);
        match odd {
            true => self.suspect(|| "entries of a set are not in their order".into()),
            false => Ok(()),
        }
    }

    /// Looks whether an entry that cannot be read is where it belongs. One that can is, as its record says so.
    pub(super) fn check_entry(
        &mut self,
        key: EntryPlace,
        job: &StoredJob,
    ) -> Result<(), StoreError> {
        let Err(corrupt) = job else {
            return Ok(());
        };
        if !R::MAY_BE_OUT_OF_ORDER {
            return Ok(());
        }
        let (set_id, at, serial) = key;
        let just_before = (set_id, at, serial.saturating_sub(1));
        let place = |place, _: RawRecord<'_>| place;
        let in_order = self.rows.entry_before(key, place)? == Some(key)
            && self
                .rows
                .entry_before(just_before, place)?
                .is_none_or(|before| before < key)
            && self
                .rows
                .entry_after(key, place)?
                .is_none_or(|after| after > key);
        if in_order && !belongs_elsewhere(place_of(key), &corrupt.bytes) {
            return Ok(());
        }
        self.suspect(|| format!("an entry is not where it belongs: it was found at {key:?}"))
    }
}

/// What is left of a queue after a claim.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Rest {
    /// Jobs that wait and were never handed out.
    pub(super) waiting: u64,
    /// Positions from the next one that is looked at to the last that was given.
    pub(super) positions: u64,
}

/// The place of an entry.
pub(crate) fn place_of((set_id, at, serial): EntryPlace) -> Place {
    Place::Entry { set_id, at, serial }
}
