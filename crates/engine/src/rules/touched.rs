//! How much an operator's action touches, for the audit log.

use workmill_proto::{QueueCommand, QueueSelection};
use workmill_store::{Place, StoreError, Tx};

use crate::op::Op;

/// To how many things an op is done if it is not refused.
pub(super) fn count<T: Tx>(tx: &mut T, op: &Op) -> Result<u64, StoreError> {
    Ok(match op {
        Op::PushBulk(bulk) => bulk.jobs.len() as u64,
        Op::Note(note) => note.count,
        Op::Flush => {
            let totals = tx.totals()?;
            let waiting: u64 = totals.queues.values().map(|queue| queue.size).sum();
            waiting + totals.scheduled + totals.retries + totals.dead + totals.working
        }
        Op::Queue(command, _) => count_queued(tx, command)?,
        _ => 1,
    })
}

/// The queues that are paused or resumed, or the jobs that wait in those that are removed.
fn count_queued<T: Tx>(tx: &mut T, command: &QueueCommand) -> Result<u64, StoreError> {
    let (QueueCommand::Pause(queues) | QueueCommand::Resume(queues) | QueueCommand::Remove(queues)) =
        command;
    let removes = matches!(command, QueueCommand::Remove(_));
    match queues {
        QueueSelection::All => {
            let queues = tx.totals()?.queues;
            Ok(match removes {
                true => queues.values().map(|queue| queue.size).sum(),
                false => queues.len() as u64,
            })
        }
        QueueSelection::Named(names) if !removes => Ok(names.len() as u64),
        QueueSelection::Named(names) => {
            let mut names: Vec<&String> = names.iter().collect();
            names.sort_unstable();
            names.dedup();
            let mut jobs = 0;
            for name in names {
                jobs += tx.size(&Place::Queue(name.as_str().into()))?;
            }
            Ok(jobs)
        }
    }
}
