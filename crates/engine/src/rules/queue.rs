//! QUEUE: pause, resume, remove, latency.

use workmill_proto::{QueueCommand, QueueSelection};
use workmill_store::{StoreError, Tx};

use super::push::too_many_queues;
use crate::group::Group;
use crate::op::Ticket;
use crate::outcome::Outcome;

impl<T: Tx> Group<'_, T> {
    pub(crate) fn queue(
        &mut self,
        ticket: Ticket,
        command: &QueueCommand,
    ) -> Result<(), StoreError> {
        match command {
            QueueCommand::Pause(selection) => {
                let queues = self.selected(selection)?;
                let queues_refused = self.tx.queues_refused(&borrowed(&queues))?;
                if let Some((queue, _)) = queues.iter().zip(queues_refused).find(|(_, no)| *no) {
                    self.answer(ticket, Outcome::Refused(too_many_queues(queue)));
                    return Ok(());
                }
                self.tx.set_paused(&borrowed(&queues), true)?;
            }
            QueueCommand::Resume(selection) => {
                let queues = self.selected(selection)?;
                self.tx.set_paused(&borrowed(&queues), false)?;
                for queue in &queues {
                    self.make_ready(queue);
                }
            }
            QueueCommand::Remove(selection) => {
                let queues = self.selected(selection)?;
                self.tx.remove_queues(&borrowed(&queues))?;
            }
            QueueCommand::Latency(queues) => {
                let latencies = self.latencies(queues)?;
                self.answer(ticket, Outcome::Latencies(latencies));
                return Ok(());
            }
        }
        self.answer(ticket, Outcome::Ok);
        Ok(())
    }

    fn selected(&mut self, selection: &QueueSelection) -> Result<Vec<String>, StoreError> {
        Ok(match selection {
            QueueSelection::All => self.tx.totals()?.queues.into_keys().collect(),
            QueueSelection::Named(names) => names.clone(),
        })
    }

    /// How long the oldest job of each queue has waited, in seconds; 0 for an empty or unknown queue.
    fn latencies(&mut self, queues: &[String]) -> Result<Vec<(String, f64)>, StoreError> {
        let mut latencies = Vec::with_capacity(queues.len());
        for queue in queues {
            let enqueued_at = match self.tx.head(queue)? {
                Some((_, Ok(record))) => record.enqueued_at,
                _ => None,
            };
            let waited = enqueued_at.map_or(0.0, |at| self.now.since(at).as_secs_f64());
            latencies.push((queue.clone(), waited));
        }
        Ok(latencies)
    }
}

fn borrowed(names: &[String]) -> Vec<&str> {
    names.iter().map(String::as_str).collect()
}
