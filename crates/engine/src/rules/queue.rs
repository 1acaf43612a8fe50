//! QUEUE: pause, resume, remove.

use workmill_proto::{QueueCommand, QueueSelection};
use workmill_store::{StoreError, Tx};

use crate::makers::ClientId;
use crate::memory::Memory;
use crate::outcome::Outcome;

/// QUEUE PAUSE, RESUME, REMOVE. A queue that it makes is charged to this client.
pub(crate) fn change<T: Tx>(
    tx: &mut T,
    memory: &mut Memory,
    command: &QueueCommand,
    client: ClientId,
) -> Result<Outcome, StoreError> {
    match command {
        QueueCommand::Pause(selection) => {
            let queues = selected(tx, selection)?;
            let refusal = memory.makers.check_all(tx, &borrowed(&queues), client)?;
            if let Some(error) = refusal {
                return Ok(Outcome::Refused(error));
            }
            tx.set_paused(&borrowed(&queues), true)?;
        }
        QueueCommand::Resume(selection) => {
            let queues = selected(tx, selection)?;
            tx.set_paused(&borrowed(&queues), false)?;
            for queue in &queues {
                memory.parked.make_ready(queue);
            }
        }
        QueueCommand::Remove(selection) => {
            let queues = selected(tx, selection)?;
            tx.remove_queues(&borrowed(&queues))?;
            for queue in &queues {
                memory.makers.forget(queue);
            }
            memory.careful.lose_queues(tx, &queues)?;
        }
    }
    Ok(Outcome::Ok)
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
