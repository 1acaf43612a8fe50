//! One transaction: how it begins and how it ends. What it can do is in the files of its primitives.

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::SetName;

use super::cache::Cache;
use super::load::Writer;
use super::order::Suspicion;
use super::poison::Poison;
use super::rows::Rows;
use super::tallies::Tallies;
use crate::{Counts, StoreError};

/// A transaction of the writer, over the rows of one transaction of a backend.
pub struct WriterTx<'a, R: Rows> {
    pub(crate) rows: R,
    pub(super) cache: &'a mut Cache,
    pub(super) tallies: &'a mut Tallies,
    pub(super) encoded: &'a mut Vec<u8>,
    pub(super) suspicion: &'a mut Suspicion,
    /// Claimed, and neither reserved nor finished so far.
    pub(super) claimed: BTreeSet<i64>,
    /// Counts to be added per UTC day.
    pub(super) counted: BTreeMap<i64, Counts>,
    /// Whether how far the clocks are is to be kept even if nothing else changes.
    pub(super) keeps_clocks: bool,
    tallies_before: Tallies,
    poison: &'a Poison,
    begun: bool,
    failed: bool,
    kept: bool,
}

impl<'a, R: Rows> WriterTx<'a, R> {
    pub(crate) fn new(writer: &'a mut Writer, rows: R) -> Self {
        writer.cache.begin();
        Self {
            rows,
            cache: &mut writer.cache,
            tallies_before: writer.tallies,
            tallies: &mut writer.tallies,
            encoded: &mut writer.encoded,
            suspicion: &mut writer.suspicion,
            claimed: BTreeSet::new(),
            counted: BTreeMap::new(),
            keeps_clocks: false,
            poison: &writer.poison,
            begun: false,
            failed: false,
            kept: false,
        }
    }

    /// Runs a primitive; after a failed one, refuses every other.
    pub(super) fn run<T>(
        &mut self,
        primitive: impl FnOnce(&mut Self) -> Result<T, StoreError>,
    ) -> Result<T, StoreError> {
        if self.failed {
            return Err(StoreError::Statement(
                "an earlier statement of the transaction failed".into(),
            ));
        }
        let result = primitive(self);
        self.failed = result.is_err();
        match (&result, self.suspicion.reason()) {
            (Err(_), Some(reason)) => Err(StoreError::Disorder(reason.to_owned())),
            _ => result,
        }
    }

    /// Begins the database's transaction if that has not been done. Comes before every change.
    pub(super) fn begin(&mut self) -> Result<(), StoreError> {
        if !self.begun {
            self.rows.begin()?;
            self.begun = true;
        }
        Ok(())
    }

    /// Writes the rows that are changed once per transaction, however often they changed.
    fn write_cached(&mut self) -> Result<(), StoreError> {
        self.tallies.working = self.cache.mirror().len() as u64;
        let queues_changed = self.cache.changed_queues().next().is_some();
        let tallies_changed = self.keeps_clocks || self.tallies.differ(&self.tallies_before);
        if !queues_changed && !tallies_changed && self.counted.is_empty() {
            return Ok(());
        }
        self.begin()?;
        self.write_queues()?;
        self.write_tallies()?;
        self.write_counts()
    }

    fn write_queues(&mut self) -> Result<(), StoreError> {
        for (id, queue) in self.cache.changed_queues() {
            self.rows.write_queue(id, &queue.now.row)?;
        }
        Ok(())
    }

    fn write_tallies(&mut self) -> Result<(), StoreError> {
        let (before, now) = (self.tallies_before, &*self.tallies);
        for set in SetName::ALL {
            if before.set(set) != now.set(set) {
                let tally = now.set(set);
                self.rows.write_set_size(tally.id, tally.size)?;
            }
        }
        if self.keeps_clocks || before.row() != now.row() {
            self.rows.write_tallies(now)?;
        }
        Ok(())
    }

    /// Commits, or leaves it to the drop to undo everything.
    pub(super) fn commit_changes(mut self) -> Result<(), StoreError> {
        // A sync may have failed since the transaction began: nothing may be promised any more.
        self.poison.check()?;
        self.run(|tx| tx.check_claimed())?;
        self.run(Self::write_cached)?;
        if self.begun {
            self.rows.commit()?;
        }
        self.cache.keep();
        self.kept = true;
        Ok(())
    }

    fn check_claimed(&self) -> Result<(), StoreError> {
        match self.claimed.len() {
            0 => Ok(()),
            count => Err(StoreError::Inconsistent(format!(
                "{count} claimed jobs were neither reserved nor finished"
            ))),
        }
    }
}

impl<R: Rows> Drop for WriterTx<'_, R> {
    fn drop(&mut self) {
        if self.kept {
            return;
        }
        if self.begun {
            self.rows.rollback();
        }
        self.cache.undo();
        *self.tallies = self.tallies_before;
    }
}
