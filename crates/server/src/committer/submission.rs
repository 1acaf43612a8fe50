//! What a connection hands to the committer, and what it gets back.

use std::sync::Arc;

use smallvec::SmallVec;
use tokio::sync::oneshot;
use workmill_engine::{Op, Outcome, Ticket};

use super::delivery::Delivery;
use super::inbox::Inbox;

/// The ops of one connection that are run in their order; nearly always one.
pub(crate) type Ops = SmallVec<[Op; 1]>;

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
        self.ops.iter().map(|op| op.traits().weight).sum()
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
