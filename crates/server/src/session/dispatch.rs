//! What each command becomes: an op for the engine, or a reply at once.

use std::sync::Arc;

use bytes::Bytes;
use workmill_engine::{ClientId, Fetch, Op, ServerId};
use workmill_proto::{BatchCommand, Beat, WireError};
use workmill_store::Operator;

use super::close_reason::{CloseReason, shutting_down};
use super::parser::{Parsed, Sender, parse};
use super::pipeline::{Blocking, Pipeline, Slot};
use crate::connections::ConnectionGuard;
use crate::registry::{WorkerConnection, WorkerState};
use crate::shared::Shared;

/// Whose commands they are.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) shared: &'a Shared,
    pub(super) wid: &'a Arc<str>,
    pub(super) connection: &'a ConnectionGuard,
    pub(super) worker: Option<&'a WorkerConnection>,
    /// The client has closed its side: it is too late to hand it a job.
    pub(super) gone: bool,
}

impl Caller<'_> {
    /// Adds the command of a line to a pipeline.
    pub(super) async fn dispatch(self, line: Bytes, pipeline: &mut Pipeline) {
        pipeline.bytes += line.len();
        let sender = Sender {
            wid: self.wid,
            client: self.client(),
        };
        // Only on demand: to read the clock costs as much as to read a short command.
        let now = || self.shared.clock.wall();
        let reading = self.shared.settings.now().custom_reading();
        match parse(line, sender, now, reading, &self.shared.long_lines).await {
            Ok(parsed) if self.shared.is_stopping() && !parsed.ends_work() => {
                pipeline.answered(Slot::Error(shutting_down()));
            }
            Ok(Parsed::Op(op)) => pipeline.ask(op),
            Ok(Parsed::Action(op)) => pipeline.ask(op.by(&self.operator())),
            Ok(Parsed::Fetch(queues)) => self.fetch(queues, pipeline),
            Ok(Parsed::Latency(queues)) => pipeline.block(Blocking::Latency(queues)),
            Ok(Parsed::Batch(command)) => self.batch(command, pipeline),
            Ok(Parsed::Beat(beat)) => pipeline.answered(self.beat(&beat)),
            Ok(Parsed::Flush) => {
                tracing::warn!("a client flushes the database: every job is forgotten");
                pipeline.ask(Op::Flush.by(&self.operator()));
            }
            Ok(Parsed::End) => pipeline.close(CloseReason::Silent),
            Err(error) => pipeline.answered(Slot::Error(error)),
        }
    }

    /// Whose the queues are that the commands make.
    fn client(self) -> ClientId {
        match self.worker {
            Some(member) => member.worker().number(),
            None => self.connection.id() + 1,
        }
    }

    /// Whom the audit log names.
    fn operator(self) -> Arc<Operator> {
        let address = self.connection.peer().ip().to_string();
        Arc::new(Operator::new(self.wid, "client", &address))
    }

    fn fetch(self, queues: Vec<String>, pipeline: &mut Pipeline) {
        let state = self
            .worker
            .map_or(WorkerState::Running, |member| member.worker().state());
        if self.gone {
            pipeline.answered(Slot::Nil);
        } else if state == WorkerState::Running {
            let queues: Arc<[String]> = queues.into();
            self.connection.note_fetch(&queues);
            let fetch = Fetch {
                queues,
                wid: Arc::clone(self.wid),
                server: ServerId::LOCAL,
                connection: match self.wid.is_empty() {
                    true => self.connection.id() + 1,
                    false => 0,
                },
            };
            pipeline.ask(Op::Fetch(fetch));
        } else {
            pipeline.block(Blocking::Quiet);
        }
    }

    fn batch(self, command: BatchCommand, pipeline: &mut Pipeline) {
        if !self.shared.settings.now().batch.enabled {
            let text = "batches are turned off: [batch] enabled = false";
            return pipeline.answered(Slot::Error(WireError::err(text)));
        }
        match Op::batch(command, self.shared.clock.wall()) {
            Ok(op) => pipeline.ask(op),
            Err(error) => pipeline.answered(Slot::Error(error)),
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
