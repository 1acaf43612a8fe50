//! The mark of a store whose state on disk is unknown.

use std::sync::{Arc, OnceLock};

use crate::StoreError;

/// Set once, by the transaction or the syncing thread that failed, and never taken back.
#[derive(Clone, Debug, Default)]
pub(crate) struct Poison(Arc<OnceLock<String>>);

impl Poison {
    /// Marks the store; the first reason stays. Returns the error to hand on.
    pub(crate) fn set(&self, reason: String) -> StoreError {
        tracing::error!(reason, "the database can no longer be relied on");
        StoreError::Poisoned(self.0.get_or_init(|| reason).clone())
    }

    /// Refuses if the store is marked.
    pub(crate) fn check(&self) -> Result<(), StoreError> {
        match self.0.get() {
            None => Ok(()),
            Some(reason) => Err(StoreError::Poisoned(reason.clone())),
        }
    }
}
