//! Commands of one connection that are run together.

use smallvec::SmallVec;
use workmill_engine::{Barrier, Op};
use workmill_proto::WireError;

use super::close_reason::CloseReason;

/// How many pipelined commands are run together at most. Bounds the replies kept for one connection.
pub(super) const PIPELINE_COMMANDS_MAX: usize = 500;

/// How many bytes of commands are run together at most, in bytes; one command may exceed it.
pub(super) const PIPELINE_BYTES_MAX: usize = 1 << 20;

/// Commands that were received together, ready to be run.
#[derive(Debug, Default)]
pub(super) struct Pipeline {
    /// One for each command, in order, but for a blocking one at the end.
    pub(super) slots: SmallVec<[Slot; 1]>,
    /// The ops of those slots that are [`Slot::Asked`], in order.
    pub(super) ops: SmallVec<[Op; 1]>,
    /// The commands' bytes.
    pub(super) bytes: usize,
    /// What comes after them.
    pub(super) end: End,
}

/// What comes after the commands of a pipeline.
#[derive(Debug, Default)]
pub(super) enum End {
    /// Further commands, as long as there is room.
    #[default]
    Open,
    /// Further commands, once these are answered.
    Barrier,
    /// A command whose answer may take its time; further ones once it is answered.
    Blocking(Blocking),
    /// The end of the connection.
    Close(CloseReason),
}

/// Where the reply to a command comes from.
#[derive(Debug)]
pub(super) enum Slot {
    /// From the engine.
    Asked,
    /// It is `+OK` already.
    Ok,
    /// It is this text already.
    Text(&'static str),
    /// It is an error already.
    Error(WireError),
    /// It is nil already.
    Nil,
}

/// A command whose answer may take its time.
#[derive(Debug)]
pub(super) enum Blocking {
    /// A FETCH: may wait for a job.
    Fetch(Op),
    /// A FETCH of a quiet worker: waits, and gets nothing.
    Quiet,
    /// May take many groups.
    Sliced(Op),
    /// QUEUE LATENCY: is read once all before it is done.
    Latency(Vec<String>),
}

impl Pipeline {
    /// Adds a command for the engine. It ends the pipeline if later commands must not be handed over before its answer.
    pub(super) fn ask(&mut self, op: Op) {
        match op.traits().barrier {
            Barrier::Open => self.add(op),
            Barrier::Answered => {
                self.add(op);
                self.end = End::Barrier;
            }
            Barrier::Sliced => self.block(Blocking::Sliced(op)),
            Barrier::Parked => self.block(Blocking::Fetch(op)),
        }
    }

    fn add(&mut self, op: Op) {
        self.slots.push(Slot::Asked);
        self.ops.push(op);
    }

    /// Adds a command that is answered already.
    pub(super) fn answered(&mut self, slot: Slot) {
        self.slots.push(slot);
    }

    /// Adds a command whose answer may take its time, and ends with it.
    pub(super) fn block(&mut self, blocking: Blocking) {
        self.end = End::Blocking(blocking);
    }

    /// Ends the connection after the commands so far.
    pub(super) fn close(&mut self, reason: CloseReason) {
        self.end = End::Close(reason);
    }

    /// How many commands are in it.
    pub(super) fn commands(&self) -> usize {
        self.slots.len() + usize::from(matches!(self.end, End::Blocking(_)))
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.slots.is_empty() && matches!(self.end, End::Open)
    }

    /// Whether no further command may be added.
    pub(super) fn is_full(&self) -> bool {
        !matches!(self.end, End::Open)
            || self.slots.len() >= PIPELINE_COMMANDS_MAX
            || self.bytes >= PIPELINE_BYTES_MAX
    }
}
