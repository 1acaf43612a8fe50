//! Who waits for which answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use workmill_engine::{Answer, DeliveryTag, Outcome, Request};

use super::submission::{Submission, ticket, ticket_parts};
use crate::gate::{Answers, Delivery, Gate};

/// The submissions that are not wholly answered.
#[derive(Debug)]
pub(super) struct Waiters {
    /// Serials grow, and the oldest are mostly answered first: neighbours in time are neighbours in memory.
    by_serial: BTreeMap<u64, Waiter>,
    gate: Arc<dyn Gate>,
}

#[derive(Debug)]
struct Waiter {
    completed: Completed,
    missing: usize,
}

/// A submission that is wholly answered. Its answers may be sent once what they tell of is durable.
#[derive(Debug)]
pub(super) struct Completed {
    sink: oneshot::Sender<Answers>,
    outcomes: SmallVec<[Option<Outcome>; 1]>,
    tag: Option<DeliveryTag>,
}

impl Waiters {
    pub(super) fn new(gate: Arc<dyn Gate>) -> Self {
        Self {
            by_serial: BTreeMap::new(),
            gate,
        }
    }

    /// Where jobs go back to that are not delivered.
    pub(super) fn gate(&self) -> &Arc<dyn Gate> {
        &self.gate
    }

    /// Puts a submission's ops into a group.
    pub(super) fn admit(&mut self, submission: Submission, group: &mut Vec<Request>) {
        let Submission {
            serial, ops, sink, ..
        } = submission;
        if let Some(sink) = sink {
            let outcomes = ops.iter().map(|_| None).collect();
            let waiter = Waiter {
                completed: Completed {
                    sink,
                    outcomes,
                    tag: None,
                },
                missing: ops.len(),
            };
            self.by_serial.insert(serial, waiter);
        }
        let requests = ops.into_iter().enumerate();
        group.extend(requests.map(|(index, op)| Request {
            ticket: ticket(serial, index),
            op,
        }));
    }

    /// Takes an answer; gives what may be sent now that nothing of its submission is missing. A job nobody
    /// waits for goes back.
    pub(super) fn record(&mut self, answer: Answer) -> Option<Completed> {
        let Answer { ticket, outcome } = answer;
        let tag = match &outcome {
            Outcome::Job(job) => Some(job.tag),
            _ => None,
        };
        let (serial, index) = ticket_parts(ticket);
        let Entry::Occupied(mut entry) = self.by_serial.entry(serial) else {
            drop(tag.map(|tag| Delivery::new(tag, Arc::clone(&self.gate))));
            return None;
        };
        let waiter = entry.get_mut();
        if waiter
            .completed
            .outcomes
            .get_mut(index)?
            .replace(outcome)
            .is_none()
        {
            waiter.missing -= 1;
        }
        waiter.completed.tag = tag.or(waiter.completed.tag);
        (waiter.missing == 0).then(|| entry.remove().completed)
    }
}

impl Completed {
    /// Sends the answers.
    pub(super) fn send(self, gate: &Arc<dyn Gate>) {
        let outcomes = self.outcomes.into_iter().flatten().collect();
        let delivery = self.tag.map(|tag| Delivery::new(tag, Arc::clone(gate)));
        // Whoever waited may be gone: then the answers are dropped, and a job among them goes back.
        drop(self.sink.send(Answers { outcomes, delivery }));
    }
}
