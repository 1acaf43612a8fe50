//! What a group has read and changed of one kind of thing: each is read once and written once, however many ops of the
//! group touch it.
//!
//! It is part of its group: a group that is rolled back has changed nothing here either. What the store does with things of
//! a kind by itself (tell which are due, flush them) knows nothing of what is not written yet.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use workmill_proto::SteadyTime;
use workmill_store::{Keyed, Passing, StoreError, Tx};

/// Things of a kind, by key: those read or changed so far.
#[derive(Debug)]
pub(crate) struct Overlay<K: Keyed>(BTreeMap<K::Key, Known<K>>);

#[derive(Debug)]
struct Known<K> {
    /// None if there is nothing under the key.
    now: Option<K>,
    changed: bool,
}

impl<K: Keyed> Default for Overlay<K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

impl<K: Keyed> Overlay<K> {
    /// Reads those at once that were not read yet.
    pub(crate) fn load<T: Tx>(
        &mut self,
        tx: &mut T,
        keys: impl Iterator<Item = K::Key>,
    ) -> Result<(), StoreError> {
        let mut keys: Vec<K::Key> = keys.filter(|key| !self.0.contains_key(key)).collect();
        if keys.is_empty() {
            return Ok(());
        }
        keys.sort_unstable();
        keys.dedup();
        let found = tx.get::<K>(&keys)?.into_iter();
        let known = found.map(|now| Known {
            now,
            changed: false,
        });
        self.0.extend(keys.into_iter().zip(known));
        Ok(())
    }

    /// What is under a key.
    pub(crate) fn get<T: Tx>(
        &mut self,
        tx: &mut T,
        key: &K::Key,
    ) -> Result<Option<&K>, StoreError> {
        Ok(self.known(tx, key)?.now.as_ref())
    }

    /// Changes what is under a key, if there is anything.
    pub(crate) fn change<T: Tx>(
        &mut self,
        tx: &mut T,
        key: &K::Key,
        change: impl FnOnce(&mut K),
    ) -> Result<(), StoreError> {
        let known = self.known(tx, key)?;
        if let Some(now) = &mut known.now {
            change(now);
            known.changed = true;
        }
        Ok(())
    }

    /// Puts something under a key, in place of whatever is there.
    pub(crate) fn put(&mut self, key: K::Key, kept: K) {
        self.set(key, Some(kept));
    }

    /// Removes what is under a key.
    pub(crate) fn remove(&mut self, key: K::Key) {
        self.set(key, None);
    }

    /// Forgets everything, as it is flushed.
    pub(crate) fn clear(&mut self) {
        self.0.clear();
    }

    /// Writes what was changed.
    pub(crate) fn write<T: Tx>(&mut self, tx: &mut T) -> Result<(), StoreError> {
        // Most groups touch no feature, and each has several overlays.
        if self.0.is_empty() {
            return Ok(());
        }
        let (mut put, mut removed) = (Vec::new(), Vec::new());
        for (key, known) in std::mem::take(&mut self.0) {
            match known.now {
                _ if !known.changed => {}
                Some(now) => put.push((key, now)),
                None => removed.push(key),
            }
        }
        if !put.is_empty() {
            tx.put(&put)?;
        }
        if !removed.is_empty() {
            tx.remove::<K>(&removed)?;
        }
        Ok(())
    }

    fn set(&mut self, key: K::Key, now: Option<K>) {
        self.0.insert(key, Known { now, changed: true });
    }

    fn known<T: Tx>(&mut self, tx: &mut T, key: &K::Key) -> Result<&mut Known<K>, StoreError> {
        match self.0.entry(key.clone()) {
            Entry::Occupied(known) => Ok(known.into_mut()),
            Entry::Vacant(place) => {
                let now = tx.get::<K>(std::slice::from_ref(key))?.pop().flatten();
                Ok(place.insert(Known {
                    now,
                    changed: false,
                }))
            }
        }
    }
}

impl<P: Passing> Overlay<P> {
    /// Forgets up to `limit` of those whose time is over at `until`; tells how many.
    pub(crate) fn forget_due<T: Tx>(
        &mut self,
        tx: &mut T,
        until: SteadyTime,
        limit: usize,
    ) -> Result<usize, StoreError> {
        // What this group has given more time is not due.
        self.write(tx)?;
        let due = tx.due::<P>(until, limit)?;
        if !due.is_empty() {
            tx.remove::<P>(&due)?;
        }
        Ok(due.len())
    }
}
