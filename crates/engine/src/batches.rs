//! The batches a group looks at: each is read once and written once, however many of its jobs the group moves.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use workmill_proto::SteadyTime;
use workmill_store::{BatchState, StoreError, Tx};

/// The batches read so far, by number. None for one that does not exist, or not any more.
#[derive(Debug, Default)]
pub(crate) struct Batches(BTreeMap<u64, Option<Loaded>>);

#[derive(Debug)]
struct Loaded {
    state: BatchState,
    changed: bool,
}

impl Batches {
    /// The state of a batch.
    pub(crate) fn get<T: Tx>(
        &mut self,
        tx: &mut T,
        id: u64,
    ) -> Result<Option<BatchState>, StoreError> {
        Ok(self.load(tx, id)?.as_ref().map(|loaded| loaded.state))
    }

    /// Changes a batch, if there is one.
    pub(crate) fn change<T: Tx>(
        &mut self,
        tx: &mut T,
        id: u64,
        now: SteadyTime,
        change: impl FnOnce(&mut BatchState),
    ) -> Result<(), StoreError> {
        if let Some(loaded) = self.load(tx, id)? {
            change(&mut loaded.state);
            loaded.state.changed_at = now;
            loaded.changed = true;
        }
        Ok(())
    }

    /// Forgets whatever was read of a batch.
    pub(crate) fn forget(&mut self, id: u64) {
        self.0.remove(&id);
    }

    /// Notes that a batch does not exist any more.
    pub(crate) fn remove(&mut self, id: u64) {
        self.0.insert(id, None);
    }

    /// Forgets everything.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Takes the batches that were changed.
    pub(crate) fn take_changed(&mut self) -> Vec<(u64, BatchState)> {
        let mut changed = Vec::new();
        for (&id, loaded) in &mut self.0 {
            if let Some(loaded) = loaded
                && std::mem::take(&mut loaded.changed)
            {
                changed.push((id, loaded.state));
            }
        }
        changed
    }

    fn load<T: Tx>(&mut self, tx: &mut T, id: u64) -> Result<&mut Option<Loaded>, StoreError> {
        match self.0.entry(id) {
            Entry::Occupied(entry) => Ok(entry.into_mut()),
            Entry::Vacant(entry) => {
                let state = tx.batches(&[id])?.pop().flatten();
                Ok(entry.insert(state.map(|state| Loaded {
                    state,
                    changed: false,
                })))
            }
        }
    }
}
