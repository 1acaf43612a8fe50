//! How ops are handed over, and what comes back.

use std::fmt;
use std::sync::Arc;

use smallvec::{SmallVec, smallvec};
use tokio::sync::oneshot;
use workmill_engine::{DeliveryTag, Op, Outcome, Ticket};

/// The ops of one connection that are run in their order; nearly always one.
pub(crate) type Ops = SmallVec<[Op; 1]>;

/// What takes ops in and has them run.
pub(crate) trait Gate: fmt::Debug + Send + Sync {
    /// Takes in ops of one connection, in order, whose commands have so many bytes. Their answers go to the sink; none if
    /// nobody wants to know. Gives the ticket of the first.
    fn admit(
        &self,
        ops: Ops,
        bytes: usize,
        sink: Option<oneshot::Sender<Answers>>,
    ) -> Result<Ticket, GateClosed>;

    /// Hands over an op nobody waits for. If it is not taken in, it is dropped.
    fn submit_unanswered(&self, op: Op) {
        if self.admit(smallvec![op], 0, None).is_err() {
            tracing::debug!("an op that nobody waits for is not taken in");
        }
    }

    /// Clients have received these jobs: they need no care any more. Of no interest to who runs the ops itself.
    fn delivered(&self, _jobs: &[DeliveryTag]) {}
}

/// Nothing is taken in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum GateClosed {
    /// The server is stopping.
    ForGood,
    /// There is no term now, or no server that leads.
    ForNow,
}

/// What came of ops: one outcome for each, in order.
#[derive(Debug, Default)]
pub(crate) struct Answers {
    /// The outcomes.
    pub(crate) outcomes: SmallVec<[Outcome; 1]>,
    /// If one of them is a job: gives it back unless it is told that the job was delivered.
    pub(crate) delivery: Option<Delivery>,
}

/// The care for a job between its reservation and the last byte of its reply: gives it back to the front of its queue
/// when dropped, unless its reply was written.
#[derive(Debug)]
pub(crate) struct Delivery {
    tag: Option<DeliveryTag>,
    gate: Arc<dyn Gate>,
}

impl Delivery {
    /// Takes care of a job that was just reserved.
    pub(crate) fn new(tag: DeliveryTag, gate: Arc<dyn Gate>) -> Self {
        Self {
            tag: Some(tag),
            gate,
        }
    }

    /// The reply has been written to the last byte. The caller takes the care for what may yet become of it.
    pub(crate) fn written(mut self) -> Option<DeliveryTag> {
        self.tag.take()
    }
}

impl Drop for Delivery {
    fn drop(&mut self) {
        if let Some(tag) = self.tag.take() {
            self.gate.submit_unanswered(Op::Nack(vec![tag]));
        }
    }
}
