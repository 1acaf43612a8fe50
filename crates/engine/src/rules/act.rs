//! Actions of operators: what they change and what the audit log says of it are one transaction.
//!
//! What is refused changed nothing and is not told of. Entries are kept for a time, and so many of them at most.

use std::sync::Arc;

use workmill_store::{AuditEntry, AuditState, Clocks, OpenAction, StoreError, Tx};

use super::touched;
use crate::action::Words;
use crate::actions::NotedAction;
use crate::audit;
use crate::group::Group;
use crate::memory::Memory;
use crate::op::{Action, Mutate, MutateProgress, Op, Request, Ticket};
use crate::operations::{Done, OperationState};
use crate::outcome::Outcome;
use crate::resumption;

impl<T: Tx> Group<'_, T> {
    /// Does what an operator asks for, and tells the audit log.
    pub(crate) fn act(&mut self, ticket: Ticket, action: &Action) -> Result<(), StoreError> {
        let Action { by, op } = action;
        let touched = touched::count(self.tx, op)?;
        self.run_alike(&[Request {
            ticket,
            op: op.clone(),
        }])?;
        if let Some(rest) = self.answers.take_unfinished(ticket) {
            let rest = Action {
                by: Arc::clone(by),
                op: rest,
            };
            self.answers
                .continue_in_next_group(ticket, Op::Act(Arc::new(rest)));
            return Ok(());
        }
        let skipped = match self.answers.given_to(ticket) {
            None | Some(Outcome::Refused(_)) => return Ok(()),
            Some(Outcome::Refusals(refused)) => refused.len() as u64,
            Some(_) => 0,
        };
        let Some(Words { action, target }) = op.words() else {
            return Ok(());
        };
        let mut entry = AuditEntry {
            ended_at: Some(self.now.wall),
            state: AuditState::Done,
            changed: touched.saturating_sub(skipped),
            skipped,
            ..audit::entry(self.now, by, action, target)
        };
        let Op::Note(note) = op else {
            self.memory.actions.begin(self.tx, &entry, None)?;
            return Ok(());
        };
        entry.began_at = note.began_at.unwrap_or(entry.began_at);
        entry.undoes = note.undoes;
        let action = Some(self.memory.actions.begin(self.tx, &entry, None)?);
        let jobs = note.count;
        self.answers
            .amend(ticket, Outcome::Changed { jobs, action });
        Ok(())
    }
}

/// Tells the audit log how far a change is, if an operator asked for it. One that fails before it changed anything is not
/// told of. `number` is the one it was given already, if it was.
pub(super) fn note_change<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    now: Clocks,
    mutate: &Mutate,
    progress: &mut MutateProgress,
    (state, done, number): (&OperationState, Done, Option<u64>),
) -> Result<(), StoreError> {
    let is_new = progress.noted.is_none();
    let state = match state {
        OperationState::Running => AuditState::Running,
        OperationState::Done => AuditState::Done,
        OperationState::Cancelled => AuditState::Cancelled,
        OperationState::Failed(_) if is_new => return Ok(()),
        OperationState::Failed(reason) => AuditState::Failed(reason.as_str().into()),
    };
    let mut noted = match (progress.noted.take(), &mutate.by) {
        (Some(noted), _) => noted,
        (None, None) => return Ok(()),
        (None, Some(by)) => {
            let Words { action, target } = mutate.words();
            let entry = AuditEntry {
                operation: mutate.operation.map(|id| id.0),
                undoes: mutate.change.undoes(),
                ..audit::entry(now, by, action, target)
            };
            let id = memory.actions.begin(tx, &entry, number)?;
            NotedAction { id, entry }
        }
    };
    if let Some(id) = mutate.operation {
        memory.operations.noted(id, noted.id);
    }
    let goes_on = state == AuditState::Running;
    noted.entry.changed += done.changed;
    noted.entry.skipped += done.unknown;
    noted.entry.ended_at = (!goes_on).then_some(now.wall);
    noted.entry.state = state;
    tx.put(&[(noted.id, noted.entry.clone())])?;
    if is_new && goes_on {
        let since = now.steady;
        tx.put(&[(noted.id, OpenAction { since })])?;
    }
    if goes_on {
        let operations = &memory.operations;
        resumption::keep(tx, operations, mutate, progress, (noted.id, is_new))?;
    } else if !is_new {
        audit::close(tx, noted.id)?;
    }
    progress.noted = Some(noted);
    Ok(())
}
