//! Which number a queue had when it was found by its name last.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use crate::QUEUES_MAX;
use crate::writer::QueueId;

/// Where to look for a queue first: there is no index on names, and to look at all queues takes long if there are many.
///
/// It is a guess, whatever is committed meanwhile: the row under the number tells whether it is the queue, and all rows are
/// looked at if it is not.
#[derive(Clone, Debug, Default)]
pub(super) struct Names(Arc<Mutex<HashMap<Box<str>, QueueId>>>);

impl Names {
    /// The number that the queue of this name had last.
    pub(super) fn guess(&self, name: &str) -> Option<QueueId> {
        self.lock().get(name).copied()
    }

    /// Remembers the number of a queue that was found.
    pub(super) fn remember(&self, name: &str, id: QueueId) {
        let mut names = self.lock();
        // More of them than there can be queues: most are gone.
        if names.len() >= QUEUES_MAX {
            names.clear();
        }
        names.insert(name.into(), id);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<Box<str>, QueueId>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_more_names_are_remembered_than_there_can_be_queues() {
        let names = Names::default();
        for id in 0..=u32::try_from(QUEUES_MAX).unwrap() {
            names.remember(&id.to_string(), id);
        }
        assert_eq!(names.lock().len(), 1);
        assert_eq!(names.guess("100000"), Some(100_000));
        assert_eq!(names.guess("7"), None);
    }
}
