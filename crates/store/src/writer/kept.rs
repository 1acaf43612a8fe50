//! What is kept besides jobs.

use super::rows::{KeyedRows, Rows};
use super::tx::WriterTx;
use crate::{Keyed, StoreError};

impl<R: Rows> WriterTx<'_, R> {
    pub(super) fn get<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<Vec<Option<K>>, StoreError> {
        let generation = self.tallies.generation;
        K::rows(&mut self.rows).get_all(generation, keys)
    }

    pub(super) fn put<K: Keyed>(&mut self, kept: &[(K::Key, K)]) -> Result<(), StoreError> {
        for (key, kept) in kept {
            self.begin()?;
            K::rows(&mut self.rows).put(self.tallies.generation, key, kept)?;
        }
        Ok(())
    }

    pub(super) fn remove<K: Keyed>(&mut self, keys: &[K::Key]) -> Result<(), StoreError> {
        for key in keys {
            self.begin()?;
            K::rows(&mut self.rows).remove(self.tallies.generation, key)?;
        }
        Ok(())
    }
}
