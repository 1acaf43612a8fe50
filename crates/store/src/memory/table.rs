//! A table with a way back: to the last commit, and to the last sync.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::fmt;

/// Rows in the order of their keys.
pub(super) struct Table<K, V> {
    rows: BTreeMap<K, V>,
    /// What was under the keys that were changed since the last sync, the latest change last.
    steps: Vec<(K, Option<V>)>,
    /// How many of the steps are committed.
    committed: usize,
}

impl<K, V> Default for Table<K, V> {
    fn default() -> Self {
        Self {
            rows: BTreeMap::new(),
            steps: Vec::new(),
            committed: 0,
        }
    }
}

impl<K, V> fmt::Debug for Table<K, V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Table")
            .field("rows", &self.rows.len())
            .field("steps", &self.steps.len())
            .finish_non_exhaustive()
    }
}

impl<K: Ord + Clone, V> Table<K, V> {
    /// All rows.
    pub(super) fn rows(&self) -> &BTreeMap<K, V> {
        &self.rows
    }

    /// Puts a row under a key; tells whether there was none.
    pub(super) fn put(&mut self, key: K, row: V) -> bool {
        let before = self.rows.insert(key.clone(), row);
        let is_new = before.is_none();
        self.steps.push((key, before));
        is_new
    }

    /// Removes a row; tells whether there was one.
    pub(super) fn remove(&mut self, key: &K) -> bool {
        let Some(before) = self.rows.remove(key) else {
            return false;
        };
        self.steps.push((key.clone(), Some(before)));
        true
    }

    /// Removes rows; tells how many there were.
    pub(super) fn remove_all(&mut self, keys: &[K]) -> usize {
        keys.iter().filter(|key| self.remove(key)).count()
    }

    fn undo_to(&mut self, steps: usize) {
        for (key, before) in self.steps.drain(steps..).rev() {
            match before {
                Some(row) => drop(self.rows.insert(key, row)),
                None => drop(self.rows.remove(&key)),
            }
        }
    }
}

impl<K: Ord + Clone, V: Clone> Table<K, V> {
    /// All rows as of the last commit.
    pub(super) fn committed(&self) -> Cow<'_, BTreeMap<K, V>> {
        let since = self.steps.get(self.committed..).unwrap_or_default();
        if since.is_empty() {
            return Cow::Borrowed(&self.rows);
        }
        let mut seen = self.rows.clone();
        for (key, before) in since.iter().rev() {
            match before {
                Some(row) => drop(seen.insert(key.clone(), row.clone())),
                None => drop(seen.remove(key)),
            }
        }
        Cow::Owned(seen)
    }
}

/// How what was done to a table is kept or undone.
pub(super) trait Undo {
    /// Keeps what was done as part of a commit.
    fn commit(&mut self);

    /// Undoes what was done since the last commit.
    fn roll_back(&mut self);

    /// Keeps what was committed for good.
    fn sync(&mut self);

    /// Undoes what was done since the last sync.
    fn lose_unsynced(&mut self);
}

impl<K: Ord + Clone, V> Undo for Table<K, V> {
    fn commit(&mut self) {
        self.committed = self.steps.len();
    }

    fn roll_back(&mut self) {
        self.undo_to(self.committed);
    }

    fn sync(&mut self) {
        self.steps.drain(..self.committed);
        self.committed = 0;
    }

    fn lose_unsynced(&mut self) {
        self.undo_to(0);
        self.committed = 0;
    }
}

/// A table whose rows belong to generations.
pub(super) trait ByGeneration {
    /// Whether there is a row of an older generation.
    fn has_before(&self, generation: i64) -> bool;

    /// Removes up to `limit` rows of older generations; tells how many.
    fn delete_before(&mut self, generation: i64, limit: usize) -> usize;
}

impl<K: Ord + Clone, V> ByGeneration for Table<(i64, K), V> {
    fn has_before(&self, generation: i64) -> bool {
        let oldest = self.rows.first_key_value();
        oldest.is_some_and(|((oldest, _), _)| *oldest < generation)
    }

    fn delete_before(&mut self, generation: i64, limit: usize) -> usize {
        let older = self.rows.keys().take_while(|(of, _)| *of < generation);
        let older: Vec<(i64, K)> = older.take(limit).cloned().collect();
        self.remove_all(&older)
    }
}
