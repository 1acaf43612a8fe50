//! What a connection hands to the committer, and what it gets back.

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use workmill_engine::{Duty, Op, Outcome, Ticket};
use workmill_proto::{QueueCommand, QueueSelection};

use super::delivery::Delivery;
use super::inbox::Inbox;

/// The ops of one connection that are run in their order; nearly always one.
pub(crate) type Ops = SmallVec<[Op; 1]>;

/// The weight of an op that takes a whole slice: about as many jobs as the engine handles in one.
const SLICE_WEIGHT: usize = 1_000;

/// The weight of an INFO: it copies the sizes of all queues, and its answer lists them.
const INFO_WEIGHT: usize = 50;

/// The weight of a BATCH command: it may look at a thousand batches.
const BATCH_WEIGHT: usize = 20;

/// How many queues a FETCH can look through in about the time that a job takes.
const NAMES_PER_JOB: usize = 8;

/// Tickets are numbered within a submission by this many bits.
const INDEX_BITS: u32 = 16;

/// Ops on their way to the committer.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Names the submission.
    pub(super) serial: u64,
    pub(super) ops: Ops,
    /// The bytes of the commands, for the bounds of a group.
    pub(super) bytes: usize,
    /// Who wants to know; none for what is submitted on nobody's behalf.
    pub(super) sink: Option<oneshot::Sender<Answers>>,
}

impl Submission {
    /// How much work it is, in jobs.
    pub(super) fn weight(&self) -> usize {
        self.ops.iter().map(weight).sum()
    }
}

/// How much work the next slice of an op is, in jobs.
pub(super) fn weight(op: &Op) -> usize {
    match op {
        Op::PushBulk(bulk) => {
            (bulk.jobs.len() - bulk.next_index.min(bulk.jobs.len())).min(SLICE_WEIGHT)
        }
        Op::Info => INFO_WEIGHT,
        Op::Fetch(fetch) => 1 + fetch.queues.len() / NAMES_PER_JOB,
        Op::Queue(command, _) => 1 + queue_weight(command),
        Op::Mutate(_) => SLICE_WEIGHT,
        Op::Return(handouts) => handouts.len(),
        Op::Tick(Duty::Promote | Duty::Purge | Duty::Sweep) => SLICE_WEIGHT,
        Op::Tick(Duty::ExpireReservations | Duty::RecoverLost { .. } | Duty::FireCron(_)) => {
            SLICE_WEIGHT / 4
        }
        Op::Batch(_) => BATCH_WEIGHT,
        _ => 1,
    }
}

/// How much work the queues of a QUEUE command are, in jobs.
fn queue_weight(command: &QueueCommand) -> usize {
    match command {
        QueueCommand::Pause(queues)
        | QueueCommand::Resume(queues)
        | QueueCommand::Remove(queues) => match queues {
            QueueSelection::All => SLICE_WEIGHT,
            QueueSelection::Named(names) => names.len(),
        },
        QueueCommand::Latency(names) => names.len(),
    }
}

/// The ticket of an op in a submission.
pub(super) fn ticket(serial: u64, index: usize) -> Ticket {
    Ticket((serial << INDEX_BITS) | (index as u64))
}

/// The submission a ticket belongs to, and which of its ops it names.
pub(super) fn place(ticket: Ticket) -> (u64, usize) {
    let index = ticket.0 & ((1 << INDEX_BITS) - 1);
    (
        ticket.0 >> INDEX_BITS,
        usize::try_from(index).unwrap_or(usize::MAX),
    )
}

/// What came of a submission: one outcome for each of its ops, in order.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The outcomes.
    pub(crate) outcomes: SmallVec<[Outcome; 1]>,
    /// If one of them is a job: gives it back unless it is told that the job was delivered.
    pub(crate) delivery: Option<Delivery>,
}

/// A submission that waits for its answers. Dropped early, it makes the engine forget a FETCH in it; a job
/// that comes all the same goes back to its queue.
#[derive(Debug)]
pub(crate) struct Pending {
    receiver: oneshot::Receiver<Answers>,
    /// The FETCH in it that may be parked.
    fetch: Option<Ticket>,
    inbox: Arc<Inbox>,
}

/// The committer ended without an answer: whether the ops were done is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered;

impl Pending {
    pub(super) fn new(
        receiver: oneshot::Receiver<Answers>,
        fetch: Option<Ticket>,
        inbox: Arc<Inbox>,
    ) -> Self {
        Self {
            receiver,
            fetch,
            inbox,
        }
    }

    /// Waits for the answers. May be called again if the future was dropped before it was ready.
    pub(crate) async fn answers(&mut self) -> Result<Answers, Unanswered> {
        let answers = (&mut self.receiver).await;
        self.fetch = None;
        answers.map_err(|_| Unanswered)
    }

    /// Makes the engine answer the FETCH now, with nothing, if it is parked.
    pub(crate) fn forget(&mut self) {
        if let Some(ticket) = self.fetch.take() {
            self.inbox.submit_unanswered(Op::Forget(ticket));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.forget();
    }
}
