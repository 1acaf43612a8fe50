//! Operations outlive the server: what one is, and how far it is, is written with its first slice and each later one, and the
//! next server goes on with it.
//!
//! A MUTATE of a client is not gone on with: its client has no answer, and asks again.

use std::sync::Arc;

use workmill_proto::SteadyTime;
use workmill_store::{ActionPart, AuditEntry, OpenAction, PartOf, StoreError, Tx};

use crate::actions::NotedAction;
use crate::group::Group;
use crate::limits::SWEEP_SLICE_ROWS;
use crate::op::{Mutate, MutateProgress, Op, Ticket};
use crate::operations::{OperationId, OperationReport, OperationState};
use crate::outcome::Outcome;
use crate::resumption::{self, Resumed};

impl<T: Tx> Group<'_, T> {
    /// Goes on with one of the operations of the server before this one, if there is one left.
    pub(super) fn resume(&mut self, ticket: Ticket) -> Result<(), StoreError> {
        let open = self
            .tx
            .due::<OpenAction>(SteadyTime::MAX, SWEEP_SLICE_ROWS)?;
        for action in open {
            if !self.memory.actions.is_orphan(action) || !self.can_be_resumed(action)? {
                continue;
            }
            let Some((id, noted)) = self.noted(action)? else {
                self.interrupt(action)?;
                continue;
            };
            if self.memory.operations.report(id).is_ok() {
                continue;
            }
            let parts = [PartOf::Change, PartOf::Progress].map(|part| (action, part));
            let read = match self.tx.get::<ActionPart>(&parts)?.as_slice() {
                [Some(change), Some(progress)] => resumption::read(change, progress, noted),
                _ => None,
            };
            let Some(resumed) = read else {
                self.interrupt(action)?;
                continue;
            };
            if let Some(rest) = self.start_again(id, resumed) {
                self.answers
                    .continue_in_next_group(ticket, Op::Mutate(rest));
                return Ok(());
            }
        }
        self.answers.give(ticket, Outcome::Ok);
        Ok(())
    }

    /// The entry of an operation that is under way, and its name.
    fn noted(&mut self, id: u64) -> Result<Option<(OperationId, NotedAction)>, StoreError> {
        let entry = self.tx.get::<AuditEntry>(&[id])?.pop().flatten();
        Ok(
            entry
                .and_then(|entry| Some((OperationId(entry.operation?), NotedAction { id, entry }))),
        )
    }

    /// Makes it known, and gives what is left to do. None if too many are running.
    fn start_again(&mut self, id: OperationId, resumed: Resumed) -> Option<Mutate> {
        let Resumed {
            change,
            progress,
            looked_at,
            unknown,
            left,
        } = resumed;
        let NotedAction { id: action, entry } = progress.noted.clone()?;
        let report = OperationReport {
            id,
            change: Arc::clone(&change),
            action: Some(action),
            started_at: entry.began_at,
            ended_at: None,
            looked_at,
            changed: progress.changed,
            unknown,
            left,
            state: OperationState::Running,
        };
        self.memory.operations.start(report).ok()?;
        Some(Mutate {
            change,
            operation: Some(id),
            by: Some(Arc::new(entry.by)),
            progress: Some(Box::new(progress)),
        })
    }

    /// Writes how far an operation is, for the next server.
    pub(super) fn write_resumption(
        &mut self,
        mutate: &Mutate,
        progress: &MutateProgress,
        action: u64,
        is_new: bool,
    ) -> Result<(), StoreError> {
        let Some(id) = mutate.operation else {
            return Ok(());
        };
        self.memory.operations.noted(id, action);
        let Ok(report) = self.memory.operations.report(id) else {
            return Ok(());
        };
        if !resumption::can_be_written(&mutate.change) {
            return Ok(());
        }
        let change = is_new.then(|| resumption::write_change(&mutate.change, progress));
        let parts = [
            (PartOf::Change, change.flatten()),
            (
                PartOf::Progress,
                resumption::write_progress(progress, report),
            ),
        ];
        for (part, written) in parts {
            if let Some(written) = written {
                self.tx.put(&[((action, part), written)])?;
            }
        }
        Ok(())
    }

    /// Whether there is anything to go on with.
    pub(super) fn can_be_resumed(&mut self, action: u64) -> Result<bool, StoreError> {
        let change = self.tx.get::<ActionPart>(&[(action, PartOf::Change)])?;
        Ok(change.first().is_some_and(Option::is_some))
    }

    /// Sees to it that no later server goes on with an action.
    pub(super) fn forget_resumption(&mut self, action: u64) -> Result<(), StoreError> {
        let parts = [PartOf::Change, PartOf::Progress].map(|part| (action, part));
        self.tx.remove::<ActionPart>(&parts)
    }
}
