//! What waits in the inbox.

use tokio::sync::oneshot;
use workmill_engine::Ticket;

use crate::gate::{Answers, Ops};

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
pub(super) fn ticket_parts(ticket: Ticket) -> (u64, usize) {
    let index = ticket.0 & ((1 << INDEX_BITS) - 1);
    (
        ticket.0 >> INDEX_BITS,
        usize::try_from(index).unwrap_or(usize::MAX),
    )
}
