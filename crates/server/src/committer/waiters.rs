//! Who waits for which answer.

use std::collections::HashMap;
use std::sync::Arc;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use workmill_engine::{Answer, Outcome, Request};

use super::delivery::Delivery;
use super::inbox::Inbox;
use super::submission::{Answers, Submission, place, ticket};

/// The submissions that are not wholly answered.
#[derive(Debug)]
pub(super) struct Waiters {
    by_serial: HashMap<u64, Waiter>,
    inbox: Arc<Inbox>,
}

#[derive(Debug)]
struct Waiter {
    sink: oneshot::Sender<Answers>,
    outcomes: SmallVec<[Option<Outcome>; 1]>,
    missing: usize,
    delivery: Option<Delivery>,
}

impl Waiters {
    pub(super) fn new(inbox: Arc<Inbox>) -> Self {
        Self {
            by_serial: HashMap::new(),
            inbox,
        }
    }

    /// Puts a submission's ops into a group.
    pub(super) fn admit(&mut self, submission: Submission, group: &mut Vec<Request>) {
        let Submission {
            serial, ops, sink, ..
        } = submission;
        if let Some(sink) = sink {
            let outcomes = ops.iter().map(|_| None).collect();
            let waiter = Waiter {
                sink,
                outcomes,
                missing: ops.len(),
                delivery: None,
            };
            self.by_serial.insert(serial, waiter);
        }
        let requests = ops.into_iter().enumerate();
        group.extend(requests.map(|(index, op)| Request {
            ticket: ticket(serial, index),
            op,
        }));
    }

    /// Hands an answer to whoever waits for it. A job nobody waits for any more goes back.
    pub(super) fn settle(&mut self, answer: Answer) {
        let Answer { ticket, outcome } = answer;
        let delivery = match &outcome {
            Outcome::Job(job) => Some(Delivery::new(job.handout, Arc::clone(&self.inbox))),
            _ => None,
        };
        let (serial, index) = place(ticket);
        let Some(waiter) = self.by_serial.get_mut(&serial) else {
            return;
        };
        let Some(slot) = waiter.outcomes.get_mut(index) else {
            return;
        };
        if slot.replace(outcome).is_none() {
            waiter.missing -= 1;
        }
        waiter.delivery = delivery.or(waiter.delivery.take());
        if waiter.missing == 0
            && let Some(waiter) = self.by_serial.remove(&serial)
        {
            waiter.send();
        }
    }
}

impl Waiter {
    fn send(self) {
        let outcomes = self.outcomes.into_iter().flatten().collect();
        // Whoever waited may be gone: then the answers are dropped, and a job among them goes back.
        drop(self.sink.send(Answers {
            outcomes,
            delivery: self.delivery,
        }));
    }
}
