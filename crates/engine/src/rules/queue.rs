//! QUEUE: pause, resume, remove.

use workmill_proto::{QueueCommand, QueueSelection, WireError};
use workmill_store::{QueueStanding, StoreError, Tx};

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
                if let Some(error) = self.may_make_all(&queues, client)? {
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

    /// Why a client may not make those of the queues that are not there. Then none is charged to it.
    fn may_make_all(
        &mut self,
        queues: &[String],
        client: ClientId,
    ) -> Result<Option<WireError>, StoreError> {
        let standings = self.tx.queue_standings(&borrowed(queues))?;
        let wanted: Vec<_> = queues.iter().map(|queue| (&**queue, client)).collect();
        let error = self
            .memory
            .makers
            .check(self.tx, &wanted)?
            .into_iter()
            .flatten()
            .next();
        if error.is_some() {
            let charged = queues
                .iter()
                .zip(standings)
                .filter(|(_, standing)| *standing != QueueStanding::There);
            for (queue, _) in charged {
                self.memory.makers.forget(queue);
            }
        }
        Ok(error)
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
