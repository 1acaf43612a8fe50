//! Which client made which queue, so that none makes all that there can be.
//!
//! A name is charged to the first client that pushes to it or pauses it, also for a job that is for later, until the queue is
//! removed. What the server itself makes is charged to nobody. It is only in memory: a restart forgets it, and
//! who comes with a new connection starts over; the limit of all queues together holds in any case.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;

use workmill_proto::WireError;
use workmill_store::{QueueStanding, StoreError, Tx};

use crate::limits::QUEUES_OF_ONE_MAX;

/// The client of a command: a worker, or a connection that named none. 0 is the server itself.
pub type ClientId = u64;

/// The names that were charged to clients.
#[derive(Debug, Default)]
pub(crate) struct Makers {
    by_queue: BTreeMap<Box<str>, ClientId>,
    counts: BTreeMap<ClientId, usize>,
    changes: Vec<Change>,
}

#[derive(Debug)]
enum Change {
    Charged(Box<str>),
    Forgotten(Box<str>, ClientId),
}

impl Makers {
    /// For each name in order why the client beside it may not make a queue of it, if there is none and it may not. What
    /// it may make is charged to it.
    pub(crate) fn check<T: Tx>(
        &mut self,
        tx: &mut T,
        wanted: &[(&str, ClientId)],
    ) -> Result<Vec<Option<WireError>>, StoreError> {
        let queues: Vec<&str> = wanted.iter().map(|&(queue, _)| queue).collect();
        let standings = tx.queue_standings(&queues)?;
        if standings
            .iter()
            .all(|standing| *standing == QueueStanding::There)
        {
            return Ok(vec![None; wanted.len()]);
        }
        let answers = wanted.iter().zip(standings);
        let answers = answers.map(|(&(queue, client), standing)| {
            if standing == QueueStanding::Refused {
                Some(too_many_queues(queue))
            } else if standing == QueueStanding::Missing && !self.charge(queue, client) {
                Some(too_many_queues_of_one(queue))
            } else {
                None
            }
        });
        Ok(answers.collect())
    }

    /// Why a client may not make those of the queues that are not there, if it may not. Then none is charged to it.
    pub(crate) fn check_all<T: Tx>(
        &mut self,
        tx: &mut T,
        queues: &[&str],
        client: ClientId,
    ) -> Result<Option<WireError>, StoreError> {
        let standings = tx.queue_standings(queues)?;
        let wanted: Vec<_> = queues.iter().map(|&queue| (queue, client)).collect();
        let error = self.check(tx, &wanted)?.into_iter().flatten().next();
        if error.is_some() {
            let charged = queues.iter().zip(standings);
            for (queue, standing) in charged {
                if standing != QueueStanding::There {
                    self.forget(queue);
                }
            }
        }
        Ok(error)
    }

    /// Charges a queue that is not there to a client. Tells whether that may make it.
    pub(crate) fn charge(&mut self, queue: &str, client: ClientId) -> bool {
        if client == 0 || self.by_queue.contains_key(queue) {
            return true;
        }
        if self.counts.get(&client).copied().unwrap_or(0) >= QUEUES_OF_ONE_MAX {
            return false;
        }
        self.add(queue.into(), client);
        self.changes.push(Change::Charged(queue.into()));
        true
    }

    /// A queue is removed.
    pub(crate) fn forget(&mut self, queue: &str) {
        if let Some((queue, client)) = self.take(queue) {
            self.changes.push(Change::Forgotten(queue, client));
        }
    }

    /// All queues are removed.
    pub(crate) fn forget_all(&mut self) {
        self.counts.clear();
        let all = std::mem::take(&mut self.by_queue).into_iter();
        let forgotten = all.map(|(queue, client)| Change::Forgotten(queue, client));
        self.changes.extend(forgotten);
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.changes.clear();
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        for change in std::mem::take(&mut self.changes).into_iter().rev() {
            match change {
                Change::Charged(queue) => drop(self.take(&queue)),
                Change::Forgotten(queue, client) => self.add(queue, client),
            }
        }
    }

    fn add(&mut self, queue: Box<str>, client: ClientId) {
        *self.counts.entry(client).or_default() += 1;
        self.by_queue.insert(queue, client);
    }

    fn take(&mut self, queue: &str) -> Option<(Box<str>, ClientId)> {
        let (queue, client) = self.by_queue.remove_entry(queue)?;
        if let Entry::Occupied(mut count) = self.counts.entry(client) {
            *count.get_mut() -= 1;
            if *count.get() == 0 {
                count.remove();
            }
        }
        Some((queue, client))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn full() -> Makers {
        let mut makers = Makers::default();
        for number in 0..QUEUES_OF_ONE_MAX {
            assert!(makers.charge(&format!("q{number}"), 7));
        }
        makers.commit();
        makers
    }

    #[test]
    fn no_client_is_charged_more_than_its_share() {
        let mut makers = full();
        assert!(!makers.charge("more", 7));
        // It is there already, as far as this client is concerned.
        assert!(makers.charge("q0", 7));
        assert!(makers.charge("more", 8));
        assert!(makers.charge("more", 7));
        assert!(makers.charge("of the server", 0));
        makers.forget("q5");
        assert!(makers.charge("another", 7));
        assert!(!makers.charge("one too many", 7));
        makers.forget_all();
        assert!(makers.charge("anew", 7));
    }

    #[test]
    fn a_group_that_never_happened_changes_nothing() {
        let mut makers = full();
        makers.forget("q5");
        assert!(makers.charge("another", 7));
        makers.forget_all();
        assert!(makers.charge("q5", 8));
        makers.roll_back();
        assert!(!makers.charge("another", 7));
        makers.forget("q5");
        assert!(makers.charge("another", 7));
        assert!(!makers.charge("q5", 7));
    }
}
