//! What can be asked of operations: how far they are, that one be cancelled, that those of the last server go on.

use workmill_store::{Clocks, StoreError, Tx};

use super::resume;
use crate::memory::Memory;
use crate::op::{Mutate, OperationsOp};
use crate::operations::OperationState;
use crate::outcome::Outcome;
use crate::resumption;

/// Answers what is asked, or tells the change that is to go on for it.
pub(crate) fn ask<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    now: Clocks,
    op: OperationsOp,
) -> Result<Result<Outcome, Mutate>, StoreError> {
    let operations = &mut memory.operations;
    Ok(Ok(match op {
        OperationsOp::Resume => match resume::next(tx, memory, now)? {
            Some(rest) => return Ok(Err(rest)),
            None => Outcome::Ok,
        },
        OperationsOp::List => Outcome::Operations(operations.all().to_vec()),
        OperationsOp::Show(id) => Outcome::of_operation(operations.report(id)),
        OperationsOp::Cancel(id) => {
            operations.end(id, OperationState::Cancelled, now.wall);
            let action = operations.report(id).ok().and_then(|report| report.action);
            let outcome = Outcome::of_operation(operations.report(id));
            // Its next slice comes only after the answer.
            if let Some(action) = action {
                resumption::forget(tx, action)?;
            }
            outcome
        }
    }))
}
