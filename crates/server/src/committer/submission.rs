//! What waits in the inbox.

use tokio::sync::oneshot;
use workmill_engine::{Request, Ticket};

use crate::gate::{Answers, Ops};

/// Tickets are numbered within a submission by this many bits.
const INDEX_BITS: u32 = 16;

/// Ops on their way to the committer.
#[derive(Debug)]
pub(crate) struct Submission {
    /// Names the submission.
    pub(crate) serial: u64,
    pub(crate) ops: Ops,
    /// The bytes of the commands, for the bounds of a group.
    pub(crate) bytes: usize,
    /// Who wants to know; none for what is submitted on nobody's behalf.
    pub(crate) sink: Option<oneshot::Sender<Answers>>,
}

impl Submission {
    /// How much work it is, in jobs.
    pub(super) fn weight(&self) -> usize {
        self.ops.iter().map(|op| op.traits().weight).sum()
    }

    /// Its ops with their tickets.
    pub(crate) fn into_requests(self) -> impl Iterator<Item = Request> {
        let Self { serial, ops, .. } = self;
        let ops = ops.into_iter().enumerate();
        ops.map(move |(index, op)| Request {
            ticket: ticket(serial, index),
            op,
        })
    }
}

/// The ticket of an op in a submission.
pub(crate) fn ticket(serial: u64, index: usize) -> Ticket {
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
