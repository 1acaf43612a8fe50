//! Batches: what changes of them, what never does, whose children they are, and when to look at them again.

use workmill_proto::SteadyTime;

use super::rows::Rows;
use super::tx::WriterTx;
use crate::{BatchCallbacks, BatchDetails, BatchState, StoreError};

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn make_batch(
        &mut self,
        details: &BatchDetails,
        callbacks: BatchCallbacks<'_>,
        state: &BatchState,
    ) -> Result<u64, StoreError> {
        self.begin()?;
        let generation = self.tallies.generation;
        let id = self.rows.next_batch()?;
        self.rows.insert_batch(generation, id, state)?;
        self.rows
            .insert_batch_details(generation, id, details, callbacks)?;
        Ok(id)
    }

    pub(super) fn read_batches(
        &mut self,
        ids: &[u64],
    ) -> Result<Vec<Option<BatchState>>, StoreError> {
        let generation = self.tallies.generation;
        let read = |id: &u64| self.rows.batch(generation, *id);
        ids.iter().map(read).collect()
    }

    pub(super) fn rewrite_batches(
        &mut self,
        batches: &[(u64, BatchState)],
    ) -> Result<(), StoreError> {
        for (id, state) in batches {
            self.begin()?;
            self.rows
                .update_batch(self.tallies.generation, *id, state)?;
        }
        Ok(())
    }

    pub(super) fn delete_batches(&mut self, ids: &[u64]) -> Result<(), StoreError> {
        for id in ids {
            self.begin()?;
            self.rows.delete_batch(self.tallies.generation, *id)?;
        }
        Ok(())
    }

    pub(super) fn make_link(&mut self, child: u64, parent: u64) -> Result<bool, StoreError> {
        let generation = self.tallies.generation;
        let parents = self.rows.batch_parents(generation, child)?;
        if parents.contains(&parent) {
            return Ok(false);
        }
        self.begin()?;
        self.rows
            .link_batch(generation, child, parents.len(), parent)?;
        Ok(true)
    }

    pub(super) fn write_dues(&mut self, dues: &[(u64, SteadyTime)]) -> Result<(), StoreError> {
        for (id, at) in dues {
            self.begin()?;
            self.rows
                .insert_batch_due(self.tallies.generation, *at, *id)?;
        }
        Ok(())
    }

    pub(super) fn take_dues(
        &mut self,
        until: SteadyTime,
        limit: usize,
    ) -> Result<Vec<u64>, StoreError> {
        let generation = self.tallies.generation;
        let dues = self.rows.batch_dues(generation, until, limit)?;
        for (at, id) in &dues {
            self.begin()?;
            self.rows.delete_batch_due(generation, *at, *id)?;
        }
        Ok(dues.into_iter().map(|(_, id)| id).collect())
    }
}
