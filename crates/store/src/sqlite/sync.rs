//! When what was committed reaches the disk.

use std::sync::Arc;
use std::time::Duration;

use super::log::Log;
use crate::{StoreError, Syncer};

/// What an acknowledged commit has survived.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// Loss of power: [`Syncer::sync`] syncs the log.
    Always,
    /// The end of the process at once, and loss of power once this time has passed: [`Syncer::sync`] does
    /// nothing, and a thread syncs what was committed since. A power cut may take the last commits, never the
    /// middle of one.
    Interval(Duration),
}

/// Syncs the write-ahead log.
#[derive(Clone, Debug)]
pub struct SqliteSyncer {
    /// None if a thread does it at intervals.
    log: Option<Arc<Log>>,
}

impl SqliteSyncer {
    pub(super) fn new(log: &Arc<Log>, durability: Durability) -> Self {
        Self {
            log: match durability {
                Durability::Always => Some(Arc::clone(log)),
                Durability::Interval(_) => None,
            },
        }
    }
}

impl Syncer for SqliteSyncer {
    fn sync(&mut self) -> Result<(), StoreError> {
        self.log.as_ref().map_or(Ok(()), |log| log.sync())
    }
}
