//! Who waits for which answer.

use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::Arc;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use workmill_engine::{Answer, DeliveryTag, Outcome, Request};

use super::submission::{Submission, ticket_parts};
use crate::gate::{Answers, Delivery, Gate};

/// The submissions that are not wholly answered.
#[derive(Debug)]
pub(crate) struct Waiters {
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
pub(crate) struct Completed {
    sink: oneshot::Sender<Answers>,
    outcomes: SmallVec<[Option<Outcome>; 1]>,
    tag: Option<DeliveryTag>,
}

impl Waiters {
    pub(crate) fn new(gate: Arc<dyn Gate>) -> Self {
        Self {
            by_serial: BTreeMap::new(),
            gate,
        }
    }

    /// Where jobs go back to that are not delivered.
    pub(crate) fn gate(&self) -> &Arc<dyn Gate> {
        &self.gate
    }

    /// Puts a submission's ops into a group.
    pub(crate) fn admit(&mut self, mut submission: Submission, group: &mut Vec<Request>) {
        if let Some(sink) = submission.sink.take() {
            let ops = &submission.ops;
            let outcomes = ops.iter().map(|_| None).collect();
            let waiter = Waiter {
                completed: Completed {
                    sink,
                    outcomes,
                    tag: None,
                },
                missing: ops.len(),
            };
            self.by_serial.insert(submission.serial, waiter);
        }
        group.extend(submission.into_requests());
    }

    /// Takes an answer; gives what may be sent now that nothing of its submission is missing. A job nobody
    /// waits for goes back.
    pub(crate) fn record(&mut self, answer: Answer) -> Option<Completed> {
        let Answer { ticket, outcome } = answer;
        let tag = match &outcome {
            Outcome::Job(job) => Some(job.tag),
            _ => None,
        };
        let (serial, index) = ticket_parts(ticket);
        let Entry::Occupied(mut entry) = self.by_serial.entry(serial) else {
            give_back(tag, &self.gate);
            return None;
        };
        let waiter = entry.get_mut();
        let Some(missing @ None) = waiter.completed.outcomes.get_mut(index) else {
            tracing::error!("an op was answered twice; the connection that asked it is closed");
            give_back(tag, &self.gate);
            give_back(entry.remove().completed.tag, &self.gate);
            return None;
        };
        waiter.completed.tag = tag.or(waiter.completed.tag);
        *missing = Some(outcome);
        waiter.missing -= 1;
        (waiter.missing == 0).then(|| entry.remove().completed)
    }
}

/// A job that reaches nobody goes back to its queue.
fn give_back(tag: Option<DeliveryTag>, gate: &Arc<dyn Gate>) {
    drop(tag.map(|tag| Delivery::new(tag, Arc::clone(gate))));
}

impl Completed {
    /// Sends the answers.
    pub(crate) fn send(self, gate: &Arc<dyn Gate>) {
        let delivery = self.tag.map(|tag| Delivery::new(tag, Arc::clone(gate)));
        // Without one of them none is sent, which closes the connection.
        let Some(outcomes) = self.outcomes.into_iter().collect() else {
            tracing::error!("an op was not answered; the connection that asked it is closed");
            return;
        };
        // Whoever waited may be gone: then the answers are dropped, and a job among them goes back.
        drop(self.sink.send(Answers { outcomes, delivery }));
    }
}

#[cfg(test)]
mod tests {
    use smallvec::smallvec;
    use workmill_engine::{FetchedJob, Op};
    use workmill_proto::{SteadyTime, Timestamp};
    use workmill_store::JobKey;

    use super::*;
    use crate::committer::{Inbox, ticket};

    /// Waiters for one submission of two ops, where jobs go back to, and who waits.
    fn world() -> (Waiters, Arc<Inbox>, oneshot::Receiver<Answers>) {
        let inbox: Arc<Inbox> = Arc::default();
        let mut waiters = Waiters::new(Arc::<Inbox>::clone(&inbox));
        let (sink, receiver) = oneshot::channel();
        let submission = Submission {
            serial: 7,
            ops: smallvec![Op::Info, Op::Info],
            bytes: 0,
            sink: Some(sink),
        };
        waiters.admit(submission, &mut Vec::new());
        (waiters, inbox, receiver)
    }

    fn answer(index: usize, outcome: Outcome) -> Answer {
        Answer {
            ticket: ticket(7, index),
            outcome,
        }
    }

    fn job(key: i64) -> Outcome {
        Outcome::Job(Box::new(FetchedJob {
            tag: DeliveryTag {
                key: JobKey(key),
                reserved_at: SteadyTime::from_micros(0),
            },
            body: Vec::new(),
            enqueued_at_index: 0,
            enqueued_at: Timestamp::default(),
        }))
    }

    #[test]
    fn answers_come_in_the_order_of_their_ops() {
        let (mut waiters, inbox, mut receiver) = world();
        assert!(waiters.record(answer(1, Outcome::Ok)).is_none());
        let completed = waiters.record(answer(0, Outcome::Nothing)).unwrap();
        completed.send(waiters.gate());
        let answers = receiver.try_recv().unwrap();
        assert!(matches!(
            answers.outcomes[..],
            [Outcome::Nothing, Outcome::Ok]
        ));
        assert_eq!(inbox.len(), 0);
    }

    #[test]
    fn op_that_is_answered_twice_closes_its_connection_and_its_jobs_go_back() {
        let (mut waiters, inbox, mut receiver) = world();
        assert!(waiters.record(answer(0, job(1))).is_none());
        assert!(waiters.record(answer(0, job(2))).is_none());
        assert_eq!(
            receiver.try_recv().unwrap_err(),
            oneshot::error::TryRecvError::Closed
        );
        assert_eq!(inbox.len(), 2);
    }

    #[test]
    fn answer_to_an_op_that_was_not_asked_closes_the_connection() {
        let (mut waiters, inbox, mut receiver) = world();
        assert!(waiters.record(answer(2, job(1))).is_none());
        assert!(receiver.try_recv().is_err());
        assert_eq!(inbox.len(), 1);
        // Whoever asked it has gone.
        assert!(waiters.record(answer(0, job(3))).is_none());
        assert_eq!(inbox.len(), 2);
    }
}
