//! What can be asked of operations: how far they are, and that one be cancelled.

use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::op::{OperationsOp, Ticket};
use crate::operations::{OperationId, OperationState};
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn operations(
        &mut self,
        ticket: Ticket,
        op: &OperationsOp,
    ) -> Result<(), StoreError> {
        match op {
            OperationsOp::List => {
                let all = self.memory.operations.all().to_vec();
                self.answers.give(ticket, Outcome::Operations(all));
            }
            OperationsOp::Show(id) => self.report_operation(ticket, *id),
            OperationsOp::Cancel(id) => {
                let cancelled = OperationState::Cancelled;
                self.memory.operations.end(*id, cancelled, self.now.wall);
                self.report_operation(ticket, *id);
            }
        }
        Ok(())
    }

    /// Answers with how far an operation is.
    pub(super) fn report_operation(&mut self, ticket: Ticket, id: OperationId) {
        match self.memory.operations.find(id) {
            Some(report) => {
                let report = report.clone();
                self.answers.give(ticket, Outcome::Operations(vec![report]));
            }
            None => {
                let OperationId(id) = id;
                let text = format!(
                    "there is no operation {id}: it was never started, is forgotten, or ended with a restart"
                );
                self.answers.refuse(ticket, text);
            }
        }
    }
}
