//! Making queues: whether a client may make one that is not there.

use workmill_proto::WireError;
use workmill_store::{StoreError, Tx};

use crate::group::Group;
use crate::limits::QUEUES_OF_ONE_MAX;
use crate::makers::ClientId;

impl<T: Tx> Group<'_, T> {
    /// For each name in order why the client beside it may not make a queue of it, if there is none and it may not. What
    /// it may make is charged to it.
    pub(super) fn check_queues(
        &mut self,
        wanted: &[(&str, ClientId)],
    ) -> Result<Vec<Option<WireError>>, StoreError> {
        let queues: Vec<&str> = wanted.iter().map(|&(queue, _)| queue).collect();
        let missing = self.tx.queues_missing(&queues)?;
        if !missing.contains(&true) {
            return Ok(vec![None; wanted.len()]);
        }
        let refused = self.tx.queues_refused(&queues)?;
        let answers = wanted.iter().zip(missing.into_iter().zip(refused));
        let answers = answers.map(|(&(queue, client), (missing, refused))| {
            if refused {
                Some(too_many_queues(queue))
            } else if missing && !self.memory.makers.charge(queue, client) {
                Some(too_many_queues_of_one(queue))
            } else {
                None
            }
        });
        Ok(answers.collect())
    }
}

/// The answer to what would make one queue too many.
fn too_many_queues(queue: &str) -> WireError {
    WireError::err(format!(
        "cannot make queue {queue}: there are too many; QUEUE REMOVE those that are no longer used"
    ))
}

/// The answer to what would make one queue too many for its client.
fn too_many_queues_of_one(queue: &str) -> WireError {
    WireError::err(format!(
        "cannot make queue {queue}: this worker or connection has made {QUEUES_OF_ONE_MAX}, as many as one may; \
         QUEUE REMOVE those that are no longer used"
    ))
}
