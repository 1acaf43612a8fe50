//! What can be asked of operations: how far they are, and that one be cancelled.

use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::{OperationsOp, Ticket};
use crate::operations::OperationState;
use crate::outcome::Outcome;
use crate::resumption;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn operations(
        &mut self,
        ticket: Ticket,
        op: &OperationsOp,
    ) -> Result<(), StoreError> {
        let operations = &mut self.memory.operations;
        let outcome = match op {
            OperationsOp::Resume => return self.resume(ticket),
            OperationsOp::List => Outcome::Operations(operations.all().to_vec()),
            OperationsOp::Show(id) => Outcome::of_operation(operations.report(*id)),
            OperationsOp::Cancel(id) => {
                operations.end(*id, OperationState::Cancelled, self.now.wall);
                let action = operations.report(*id).ok().and_then(|report| report.action);
                let outcome = Outcome::of_operation(operations.report(*id));
                // Its next slice comes only after the answer.
                if let Some(action) = action {
                    resumption::forget(self.tx, action)?;
                }
                outcome
            }
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }
}
