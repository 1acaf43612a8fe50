//! The audit log: how its entries begin and end, and when they are forgotten.

use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{AuditEntry, AuditState, Clocks, OpenAction, Operator, StoreError, Tx};

use crate::actions::{Actions, NotedAction};
use crate::limits::{AUDIT_ENTRIES_MAX, SWEEP_SLICE_ROWS};
use crate::resumption;

/// An entry of an action that begins now.
pub(crate) fn entry(now: Clocks, by: &Operator, action: &str, target: String) -> AuditEntry {
    AuditEntry {
        by: by.clone(),
        action: action.into(),
        target: target.into(),
        began_at: now.wall,
        noted_at: now.steady,
        ended_at: None,
        state: AuditState::Running,
        changed: 0,
        skipped: 0,
        operation: None,
        undoes: None,
    }
}

impl Actions {
    /// Writes the entry of a new action, and gives its number: this one, if it was given one already. The oldest entry leaves
    /// for it, if there are too many.
    pub(crate) fn begin<T: Tx>(
        &mut self,
        tx: &mut T,
        entry: &AuditEntry,
        number: Option<u64>,
    ) -> Result<u64, StoreError> {
        let id = match number {
            Some(number) => number,
            None => tx.next_action()?,
        };
        self.begun(id);
        tx.put(&[(id, entry.clone())])?;
        if let Some(oldest) = id.checked_sub(AUDIT_ENTRIES_MAX) {
            tx.remove::<AuditEntry>(&[oldest])?;
        }
        Ok(id)
    }

    /// Writes down how actions ended that nobody was left to write down: those that were given up, and those of the server
    /// before this one, which ended with it, at `down_since`.
    pub(crate) fn settle<T: Tx>(
        &mut self,
        tx: &mut T,
        down_since: Timestamp,
    ) -> Result<(), StoreError> {
        for NotedAction { id, entry } in self.given_up().to_vec() {
            tx.put(&[(id, entry)])?;
            close(tx, id)?;
        }
        if !self.wants_orphans() || self.interrupt_orphans(tx, down_since)? {
            self.settled();
        }
        Ok(())
    }

    /// Ends the actions of the server before this one that nobody goes on with. Tells whether these were all.
    fn interrupt_orphans<T: Tx>(
        &self,
        tx: &mut T,
        down_since: Timestamp,
    ) -> Result<bool, StoreError> {
        let open = tx.due::<OpenAction>(SteadyTime::MAX, SWEEP_SLICE_ROWS)?;
        let mut orphans = 0;
        for id in open {
            if self.is_orphan(id) && !resumption::is_kept(tx, id)? {
                interrupt(tx, id, down_since)?;
                orphans += 1;
            }
        }
        Ok(orphans < SWEEP_SLICE_ROWS)
    }
}

/// The log tells that an action ended with its server, at that moment.
pub(crate) fn interrupt<T: Tx>(tx: &mut T, id: u64, at: Timestamp) -> Result<(), StoreError> {
    if let Some(entry) = tx.get::<AuditEntry>(&[id])?.pop().flatten() {
        let interrupted = AuditEntry {
            state: AuditState::Interrupted,
            ended_at: Some(at),
            ..entry
        };
        tx.put(&[(id, interrupted)])?;
    }
    close(tx, id)
}

/// An action is under way no more.
pub(crate) fn close<T: Tx>(tx: &mut T, id: u64) -> Result<(), StoreError> {
    tx.remove::<OpenAction>(&[id])?;
    resumption::forget(tx, id)
}

/// Forgets a slice of the entries up to that moment; tells how many.
pub(crate) fn forget_old<T: Tx>(tx: &mut T, until: SteadyTime) -> Result<usize, StoreError> {
    let old = tx.due::<AuditEntry>(until, SWEEP_SLICE_ROWS)?;
    if !old.is_empty() {
        tx.remove::<AuditEntry>(&old)?;
    }
    Ok(old.len())
}
