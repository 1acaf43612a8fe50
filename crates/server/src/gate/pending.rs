//! Handing ops over and waiting for their answers.

use std::sync::Arc;

use tokio::sync::oneshot;
use workmill_engine::{Op, Ticket};

use super::submit::{Answers, Gate, GateClosed, Ops};

/// Ops that wait for their answers. Dropped early, it makes the engine forget a FETCH among them; a job that comes all the
/// same goes back to its queue.
#[derive(Debug)]
pub(crate) struct Pending {
    receiver: oneshot::Receiver<Answers>,
    /// The FETCH that may be parked.
    fetch: Option<Ticket>,
    gate: Arc<dyn Gate>,
}

/// Whoever ran the ops ended without an answer: whether they were done is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Unanswered;

impl Unanswered {
    /// An outcome is missing among others, which must not happen.
    pub(crate) fn of_a_bug() -> Self {
        tracing::error!("the outcome of a command is missing; its connection is closed");
        Self
    }
}

impl dyn Gate {
    /// Hands over ops of one connection, in order. A FETCH must be the only op handed over.
    pub(crate) fn submit(self: &Arc<Self>, ops: Ops, bytes: usize) -> Result<Pending, GateClosed> {
        let fetches = ops.iter().any(|op| matches!(op, Op::Fetch(_)));
        let (sink, receiver) = oneshot::channel();
        let ticket = self.admit(ops, bytes, Some(sink))?;
        Ok(Pending {
            receiver,
            fetch: fetches.then_some(ticket),
            gate: Arc::clone(self),
        })
    }
}

impl Pending {
    /// Waits for the answers. May be called again if the future was dropped before it was ready.
    pub(crate) async fn answers(&mut self) -> Result<Answers, Unanswered> {
        let answers = (&mut self.receiver).await;
        self.fetch = None;
        answers.map_err(|_| Unanswered)
    }

    /// Makes the engine answer the FETCH now, with nothing, if it is parked.
    pub(crate) fn forget(&mut self) {
        if let Some(ticket) = self.fetch.take() {
            self.gate.submit_unanswered(Op::Forget(ticket));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.forget();
    }
}
