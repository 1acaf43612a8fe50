//! The rows in which an operation is kept.

use workmill_store::{ActionPart, AuditEntry, PartOf, StoreError, Tx};

use super::form::{can_be_written, read, write_change, write_progress};
use super::resumed::Resumed;
use crate::actions::NotedAction;
use crate::op::{Mutate, MutateProgress};
use crate::operations::{OperationId, Operations};

/// Writes how far an operation is, for the next server; what it does, with its first slice. Nothing of a change that nobody goes
/// on with.
pub(crate) fn keep<T: Tx>(
    tx: &mut T,
    operations: &Operations,
    mutate: &Mutate,
    progress: &MutateProgress,
    (action, is_new): (u64, bool),
) -> Result<(), StoreError> {
    let Some(id) = mutate.operation else {
        return Ok(());
    };
    let Ok(report) = operations.report(id) else {
        return Ok(());
    };
    if !can_be_written(&mutate.change) {
        return Ok(());
    }
    let change = is_new.then(|| write_change(&mutate.change, progress));
    let parts = [
        (PartOf::Change, change.flatten()),
        (PartOf::Progress, write_progress(progress, report)),
    ];
    for (part, written) in parts {
        if let Some(written) = written {
            tx.put(&[((action, part), written)])?;
        }
    }
    Ok(())
}

/// Whether there is anything to go on with.
pub(crate) fn is_kept<T: Tx>(tx: &mut T, action: u64) -> Result<bool, StoreError> {
    let change = tx.get::<ActionPart>(&[(action, PartOf::Change)])?;
    Ok(change.first().is_some_and(Option::is_some))
}

/// Sees to it that no later server goes on with an action.
pub(crate) fn forget<T: Tx>(tx: &mut T, action: u64) -> Result<(), StoreError> {
    tx.remove::<ActionPart>(&parts_of(action))
}

/// The entry of an operation that is under way, and its name.
pub(crate) fn noted<T: Tx>(
    tx: &mut T,
    id: u64,
) -> Result<Option<(OperationId, NotedAction)>, StoreError> {
    let entry = tx.get::<AuditEntry>(&[id])?.pop().flatten();
    Ok(entry.and_then(|entry| Some((OperationId(entry.operation?), NotedAction { id, entry }))))
}

/// What is kept of an operation. None if a server of another version wrote it, which nobody understands here.
pub(crate) fn get<T: Tx>(
    tx: &mut T,
    action: u64,
    noted: NotedAction,
) -> Result<Option<Resumed>, StoreError> {
    Ok(match tx.get::<ActionPart>(&parts_of(action))?.as_slice() {
        [Some(change), Some(progress)] => read(change, progress, noted),
        _ => None,
    })
}

fn parts_of(action: u64) -> [(u64, PartOf); 2] {
    [PartOf::Change, PartOf::Progress].map(|part| (action, part))
}
