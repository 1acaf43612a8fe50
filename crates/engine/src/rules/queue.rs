//! QUEUE: pause, resume, remove.

use workmill_proto::{QueueCommand, QueueSelection};
use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::makers::ClientId;
use crate::op::Ticket;
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn queue(
        &mut self,
        ticket: Ticket,
        command: &QueueCommand,
        client: ClientId,
    ) -> Result<(), StoreError> {
        match command {
            QueueCommand::Pause(selection) => {
                let queues = selected(self.tx, selection)?;
                if let Some(error) =
                    self.memory
                        .makers
                        .check_all(self.tx, &borrowed(&queues), client)?
                {
                    self.answers.give(ticket, Outcome::Refused(error));
                    return Ok(());
                }
                self.tx.set_paused(&borrowed(&queues), true)?;
            }
            QueueCommand::Resume(selection) => {
                let queues = selected(self.tx, selection)?;
                self.tx.set_paused(&borrowed(&queues), false)?;
                for queue in &queues {
                    self.memory.parked.make_ready(queue);
                }
            }
            QueueCommand::Remove(selection) => {
                let queues = selected(self.tx, selection)?;
                self.tx.remove_queues(&borrowed(&queues))?;
                for queue in &queues {
                    self.memory.makers.forget(queue);
                }
            }
        }
        self.answers.give(ticket, Outcome::Ok);
        Ok(())
    }
}

fn selected<T: Tx>(tx: &mut T, selection: &QueueSelection) -> Result<Vec<String>, StoreError> {
    Ok(match selection {
        QueueSelection::All => tx.totals()?.queues.into_keys().collect(),
        QueueSelection::Named(names) => names.clone(),
    })
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
