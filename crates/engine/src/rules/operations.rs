//! What can be asked of operations: how far they are, and that one be cancelled.

use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::{OperationsOp, Ticket};
use crate::operations::OperationState;
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn operations(
        &mut self,
        ticket: Ticket,
        op: &OperationsOp,
    ) -> Result<(), StoreError> {
        let operations = &mut self.memory.operations;
        let outcome = match op {
            OperationsOp::List => Outcome::Operations(operations.all().to_vec()),
            OperationsOp::Show(id) => Outcome::of_operation(operations.report(*id)),
            OperationsOp::Cancel(id) => {
                operations.end(*id, OperationState::Cancelled, self.now.wall);
                Outcome::of_operation(operations.report(*id))
            }
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }
}
