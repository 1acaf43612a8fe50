//! An operation as the next server goes on with it.

use std::sync::Arc;

use crate::actions::NotedAction;
use crate::change::Change;
use crate::op::{Mutate, MutateProgress};
use crate::operations::{OperationId, OperationReport, OperationState, Operations};

/// An operation as it is gone on with.
#[derive(Debug)]
pub(crate) struct Resumed {
    pub(crate) change: Arc<Change>,
    pub(crate) progress: MutateProgress,
    pub(crate) looked_at: u64,
    pub(crate) unknown: u64,
    pub(crate) left: u64,
}

impl Resumed {
    /// Makes it known, and gives what is left to do. None if too many are running.
    pub(crate) fn start(self, id: OperationId, operations: &mut Operations) -> Option<Mutate> {
        let NotedAction { id: action, entry } = self.progress.noted.clone()?;
        let report = OperationReport {
            id,
            change: Arc::clone(&self.change),
            action: Some(action),
            started_at: entry.began_at,
            ended_at: None,
            looked_at: self.looked_at,
            changed: self.progress.changed,
            unknown: self.unknown,
            left: self.left,
            state: OperationState::Running,
        };
        operations.start(report).ok()?;
        Some(Mutate {
            change: self.change,
            operation: Some(id),
            by: Some(Arc::new(entry.by)),
            progress: Some(Box::new(self.progress)),
        })
    }
}
