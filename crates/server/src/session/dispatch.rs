//! What each command becomes: an op for the engine, or a reply at once.

use std::sync::Arc;

use bytes::Bytes;
use workmill_engine::{Ack, ClientId, Fail, Fetch, Mutate, Op, Requeue, TrackOp};
use workmill_proto::{BatchCommand, Beat, Command, WireError};

use super::batch::{Batch, Slot};
use super::farewell::{Farewell, shutting_down};
use super::reader::Asked;
use crate::registry::{Membership, WorkerState};
use crate::shared::Shared;

/// Whose commands they are.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) shared: &'a Shared,
    pub(super) wid: &'a Arc<str>,
    /// The connection's number.
    pub(super) connection: u64,
    pub(super) membership: Option<&'a Membership>,
    /// The client has closed its side: it is too late to hand it a job.
    pub(super) gone: bool,
}

impl Caller<'_> {
    /// Adds the command of a line to a batch.
    pub(super) async fn dispatch(self, line: Bytes, batch: &mut Batch) {
        batch.bytes += line.len();
        // Asked for by what needs it: to read the clock costs as much as to read a short command.
        let now = || self.shared.clock.wall();
        let reading = self.shared.settings.now().custom_reading;
        match self.shared.reader.read(line, now, reading).await {
            Ok(asked) if self.shared.is_stopping() && !asked.ends_work() => {
                batch.answered(Slot::Error(shutting_down()));
            }
            Ok(Asked::Push(op)) => batch.ask(op.asked_by(self.client())),
            Ok(Asked::PushBulk(bulk)) => {
                batch.ask(Op::PushBulk(bulk).asked_by(self.client()));
            }
            Ok(Asked::Other(command)) => self.run(command, batch),
            Err(error) => batch.answered(Slot::Error(error)),
        }
    }

    /// Whose the queues are that the commands make.
    fn client(self) -> ClientId {
        match self.membership {
            Some(member) => member.worker().number(),
            None => self.connection + 1,
        }
    }

    fn run(self, command: Command, batch: &mut Batch) {
        match command {
            // The reader has made ops of them.
            Command::Push(_) | Command::PushBulk(_) => {
                batch.answered(Slot::Error(WireError::err("internal error")));
            }
            Command::Fetch(queues) => self.fetch(queues, batch),
            Command::Ack { jid } => batch.ask(Op::Ack(Ack {
                jid,
                wid: Arc::clone(self.wid),
            })),
            Command::Fail(report) => batch.ask(Op::Fail(Arc::new(Fail {
                report,
                wid: Arc::clone(self.wid),
            }))),
            Command::Requeue { jid } => batch.ask(Op::Requeue(Requeue {
                jid,
                wid: Arc::clone(self.wid),
            })),
            Command::Batch(command) => self.batch(command, batch),
            Command::Track(command) => {
                let wid = Arc::clone(self.wid);
                batch.ask(Op::Track(Arc::new(TrackOp { command, wid })));
            }
            Command::Beat(beat) => batch.answered(self.beat(&beat)),
            Command::Info => batch.ask(Op::Info),
            Command::Flush => {
                tracing::warn!("a client flushes the database: every job is forgotten");
                batch.ask(Op::Flush);
            }
            Command::End => batch.close_with(Farewell::Silent),
            Command::Mutate(mutation) => batch.ask(Op::Mutate(Mutate {
                mutation: Arc::new(mutation),
                progress: None,
            })),
            Command::Queue(command) => {
                batch.ask(Op::Queue(Arc::new(command), self.client()));
            }
        }
    }

    fn fetch(self, queues: Vec<String>, batch: &mut Batch) {
        let state = self
            .membership
            .map_or(WorkerState::Running, |member| member.worker().state());
        if self.gone {
            batch.answered(Slot::Nil);
        } else if state == WorkerState::Running {
            let fetch = Fetch {
                queues: queues.into(),
                wid: Arc::clone(self.wid),
                connection: match self.wid.is_empty() {
                    true => self.connection + 1,
                    false => 0,
                },
            };
            batch.ask(Op::Fetch(fetch));
        } else {
            batch.rest();
        }
    }

    fn batch(self, command: BatchCommand, batch: &mut Batch) {
        if !self.shared.settings.now().custom_reading.batch {
            let text = "batches are turned off: [batch] enabled = false";
            return batch.answered(Slot::Error(WireError::err(text)));
        }
        match Op::batch(command, self.shared.clock.wall()) {
            Ok(op) => batch.ask(op),
            Err(error) => batch.answered(Slot::Error(error)),
        }
    }

    fn beat(self, beat: &Beat) -> Slot {
        match self
            .shared
            .roster
            .registry
            .beat(beat, self.shared.clock.uptime())
        {
            Some(state) => state.news().map_or(Slot::Ok, Slot::Text),
            None => Slot::Error(WireError::err(format!("unknown worker {}", beat.wid))),
        }
    }
}
