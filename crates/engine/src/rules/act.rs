//! Actions of operators: what they change and what the audit log says of it are one transaction.
//!
//! What is refused changed nothing and is not told of. Entries are kept for a time, and so many of them at most.

use std::sync::Arc;

use workmill_proto::{QueueCommand, QueueSelection, SteadyTime};
use workmill_store::{AuditEntry, AuditState, OpenAction, Operator, Place, StoreError, Tx};

use crate::action::{Action, Words};
use crate::actions::NotedAction;
use crate::group::Group;
use crate::limits::{AUDIT_ENTRIES_MAX, SWEEP_SLICE_ROWS};
use crate::op::{Mutate, MutateProgress, Op, Request, Ticket};
use crate::operations::{Done, OperationState};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    /// Does what an operator asks for, and tells the audit log.
    pub(crate) fn act(&mut self, ticket: Ticket, action: &Action) -> Result<(), StoreError> {
        let Action { by, op } = action;
        let touched = self.count_touched(op)?;
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
        let entry = AuditEntry {
            ended_at: Some(self.now.wall),
            state: AuditState::Done,
            changed: touched.saturating_sub(skipped),
            skipped,
            ..self.new_entry(by, action, target)
        };
        self.begin_entry(&entry)?;
        Ok(())
    }

    /// To how many things an op is done if it is not refused.
    fn count_touched(&mut self, op: &Op) -> Result<u64, StoreError> {
        Ok(match op {
            Op::PushBulk(bulk) => bulk.jobs.len() as u64,
            Op::Note(note) => note.count,
            Op::Flush => {
                let totals = self.tx.totals()?;
                let waiting: u64 = totals.queues.values().map(|queue| queue.size).sum();
                waiting + totals.scheduled + totals.retries + totals.dead + totals.working
            }
            Op::Queue(command, _) => self.count_queued(command)?,
            _ => 1,
        })
    }

    /// The queues that are paused or resumed, or the jobs that wait in those that are removed.
    fn count_queued(&mut self, command: &QueueCommand) -> Result<u64, StoreError> {
        let (QueueCommand::Pause(queues)
        | QueueCommand::Resume(queues)
        | QueueCommand::Remove(queues)) = command;
        let removes = matches!(command, QueueCommand::Remove(_));
        match queues {
            QueueSelection::All => {
                let queues = self.tx.totals()?.queues;
                Ok(match removes {
                    true => queues.values().map(|queue| queue.size).sum(),
                    false => queues.len() as u64,
                })
            }
            QueueSelection::Named(names) if !removes => Ok(names.len() as u64),
            QueueSelection::Named(names) => {
                let mut names: Vec<&String> = names.iter().collect();
                names.sort_unstable();
                names.dedup();
                let mut jobs = 0;
                for name in names {
                    jobs += self.tx.size(&Place::Queue(name.as_str().into()))?;
                }
                Ok(jobs)
            }
        }
    }

    /// Tells the audit log how far a change is, if an operator asked for it. One that fails before it changed anything is not
    /// told of.
    pub(super) fn note_change(
        &mut self,
        mutate: &Mutate,
        progress: &mut MutateProgress,
        state: &OperationState,
        done: Done,
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
                    ..self.new_entry(by, action, target)
                };
                let id = self.begin_entry(&entry)?;
                NotedAction { id, entry }
            }
        };
        let goes_on = state == AuditState::Running;
        noted.entry.changed += done.changed;
        noted.entry.skipped += done.unknown;
        noted.entry.ended_at = (!goes_on).then_some(self.now.wall);
        noted.entry.state = state;
        self.tx.put(&[(noted.id, noted.entry.clone())])?;
        if is_new && goes_on {
            let since = self.now.steady;
            self.tx.put(&[(noted.id, OpenAction { since })])?;
        }
        if goes_on {
            self.write_resumption(mutate, progress, noted.id, is_new)?;
        } else if !is_new {
            self.close_action(noted.id)?;
        }
        progress.noted = Some(noted);
        Ok(())
    }

    /// An entry of an action that begins now.
    fn new_entry(&self, by: &Operator, action: &str, target: String) -> AuditEntry {
        AuditEntry {
            by: by.clone(),
            action: action.into(),
            target: target.into(),
            began_at: self.now.wall,
            noted_at: self.now.steady,
            ended_at: None,
            state: AuditState::Running,
            changed: 0,
            skipped: 0,
            operation: None,
        }
    }

    /// Writes the entry of a new action, and gives its number. The oldest entry leaves for it, if there are too many.
    fn begin_entry(&mut self, entry: &AuditEntry) -> Result<u64, StoreError> {
        let id = self.tx.next_action()?;
        self.memory.actions.begun(id);
        self.tx.put(&[(id, entry.clone())])?;
        if let Some(oldest) = id.checked_sub(AUDIT_ENTRIES_MAX) {
            self.tx.remove::<AuditEntry>(&[oldest])?;
        }
        Ok(id)
    }

    /// Writes down how actions ended that nobody was left to write down: those that were given up, and those of the server
    /// before this one, which ended with it.
    pub(crate) fn settle_actions(&mut self) -> Result<(), StoreError> {
        for NotedAction { id, entry } in self.memory.actions.given_up().to_vec() {
            self.tx.put(&[(id, entry)])?;
            self.close_action(id)?;
        }
        if !self.memory.actions.wants_orphans() || self.interrupt_orphans()? {
            self.memory.actions.settle();
        }
        Ok(())
    }

    /// An action is under way no more.
    fn close_action(&mut self, id: u64) -> Result<(), StoreError> {
        self.tx.remove::<OpenAction>(&[id])?;
        self.forget_resumption(id)
    }

    /// Ends the actions of the server before this one that nobody goes on with. Tells whether these were all.
    fn interrupt_orphans(&mut self) -> Result<bool, StoreError> {
        let open = self
            .tx
            .due::<OpenAction>(SteadyTime::MAX, SWEEP_SLICE_ROWS)?;
        let mut orphans = 0;
        for id in open {
            if self.memory.actions.is_orphan(id) && !self.can_be_resumed(id)? {
                self.interrupt(id)?;
                orphans += 1;
            }
        }
        Ok(orphans < SWEEP_SLICE_ROWS)
    }

    /// The audit log tells that an action ended with its server.
    pub(super) fn interrupt(&mut self, id: u64) -> Result<(), StoreError> {
        if let Some(entry) = self.tx.get::<AuditEntry>(&[id])?.pop().flatten() {
            let interrupted = AuditEntry {
                state: AuditState::Interrupted,
                ended_at: Some(self.memory.down_since.unwrap_or(self.now.wall)),
                ..entry
            };
            self.tx.put(&[(id, interrupted)])?;
        }
        self.close_action(id)
    }

    /// Forgets a slice of the entries whose time is over; tells how many.
    pub(super) fn forget_old_entries(&mut self) -> Result<usize, StoreError> {
        let until = self.now.steady.plus_secs(-self.rules.audit_secs);
        let old = self.tx.due::<AuditEntry>(until, SWEEP_SLICE_ROWS)?;
        if !old.is_empty() {
            self.tx.remove::<AuditEntry>(&old)?;
        }
        Ok(old.len())
    }
}
