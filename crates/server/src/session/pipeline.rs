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
    /// One for each command, in order, but for `last`.
    pub(super) slots: SmallVec<[Slot; 1]>,
    /// The ops of those slots that are [`Slot::Asked`], in order.
    pub(super) ops: SmallVec<[Op; 1]>,
    /// A command whose answer later commands must wait for.
    pub(super) last: Option<Blocking>,
    /// The commands' bytes.
    pub(super) bytes: usize,
    /// If the connection ends after these commands.
    pub(super) reason: Option<CloseReason>,
    /// Later commands must wait for the answers of these.
    pub(super) complete: bool,
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
    /// A FETCH of a worker that must fetch no more: waits, and gets nothing.
    Quiet,
    /// May take many groups.
    Sliced(Op),
}

impl Pipeline {
    /// Adds a command for the engine. It ends the pipeline if later commands must not be handed over before its answer.
    pub(super) fn ask(&mut self, op: Op) {
        match op.traits().barrier {
            Barrier::Open => self.add(op),
            Barrier::Answered => {
                self.add(op);
                self.complete = true;
            }
            Barrier::Sliced => self.end_with(Blocking::Sliced(op)),
            Barrier::Parked => self.end_with(Blocking::Fetch(op)),
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

    /// Adds a FETCH of a worker that must fetch no more.
    pub(super) fn quiet_fetch(&mut self) {
        self.end_with(Blocking::Quiet);
    }

    fn end_with(&mut self, last: Blocking) {
        self.last = Some(last);
        self.complete = true;
    }

    /// Ends the connection after the commands so far.
    pub(super) fn close_with(&mut self, reason: CloseReason) {
        self.reason = Some(reason);
        self.complete = true;
    }

    /// How many commands are in it.
    pub(super) fn commands(&self) -> usize {
        self.slots.len() + usize::from(self.last.is_some())
    }

    /// Whether there is nothing to do.
    pub(super) fn is_empty(&self) -> bool {
        self.commands() == 0 && self.reason.is_none()
    }

    /// Whether no further command may be added.
    pub(super) fn is_full(&self) -> bool {
        self.complete
            || self.slots.len() >= PIPELINE_COMMANDS_MAX
            || self.bytes >= PIPELINE_BYTES_MAX
    }
}
