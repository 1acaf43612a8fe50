//! What each command becomes: an op for the engine, or a reply at once.

use std::sync::Arc;

use workmill_engine::{Ack, BulkItem, BulkPush, Fail, Fetch, Mutate, NewJob, Op};
use workmill_proto::{Beat, BulkJob, Command, QueueCommand, WireError, parse_command};

use super::batch::{Batch, Last, Slot};
use super::farewell::Farewell;
use crate::registry::{Membership, WorkerState};
use crate::shared::Shared;

/// Whose commands they are.
#[derive(Clone, Copy)]
pub(super) struct Caller<'a> {
    pub(super) shared: &'a Shared,
    pub(super) wid: &'a Arc<str>,
    pub(super) membership: Option<&'a Membership>,
    /// The client has closed its side: it is too late to hand it a job.
    pub(super) gone: bool,
}

impl Caller<'_> {
    /// Adds the command of a line to a batch.
    pub(super) fn dispatch(self, line: &[u8], batch: &mut Batch) {
        batch.bytes += line.len();
        match parse_command(line) {
            Ok(command) => self.run(command, batch),
            Err(error) => batch.answered(Slot::Error(error)),
        }
    }

    fn run(self, command: Command, batch: &mut Batch) {
        match command {
            Command::Push(job) => match Op::push(job, self.shared.clock.now()) {
                Ok(op) => batch.ask(op),
                Err(error) => batch.answered(Slot::Error(error)),
            },
            Command::PushBulk(jobs) => batch.end_with(Last::Long(self.push_bulk(jobs))),
            Command::Fetch(queues) => self.fetch(queues, batch),
            Command::Ack { jid } => batch.ask(Op::Ack(Ack {
                jid,
                wid: Arc::clone(self.wid),
            })),
            Command::Fail(report) => {
                batch.ask(Op::Fail(Arc::new(Fail {
                    report,
                    wid: Arc::clone(self.wid),
                })));
            }
            Command::Beat(beat) => batch.answered(self.beat(&beat)),
            Command::Info => {
                batch.ask(Op::Info);
                batch.complete = true;
            }
            Command::Flush => {
                tracing::warn!("a client flushes the database: every job is forgotten");
                batch.ask(Op::Flush);
            }
            Command::End => batch.close_with(Farewell::Silent),
            Command::Mutate(mutation) => {
                let mutate = Mutate {
                    mutation: Arc::new(mutation),
                    progress: None,
                };
                batch.end_with(Last::Long(Op::Mutate(mutate)));
            }
            Command::Queue(command) => {
                batch.complete = matches!(command, QueueCommand::Latency(_));
                batch.ask(Op::Queue(Arc::new(command)));
            }
            Command::Requeue { .. } => batch.answered(not_available("REQUEUE")),
            Command::Batch(_) => batch.answered(not_available("BATCH")),
            Command::Track(_) => batch.answered(not_available("TRACK")),
        }
    }

    fn push_bulk(self, jobs: Vec<BulkJob>) -> Op {
        let now = self.shared.clock.now();
        let items = jobs.into_iter().map(|BulkJob { jid, job }| {
            let job = job.and_then(|job| NewJob::new(job, now)).map(Arc::new);
            BulkItem { jid, job }
        });
        Op::PushBulk(BulkPush {
            jobs: items.collect(),
            next_index: 0,
            refused: Vec::new(),
        })
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
            };
            batch.end_with(Last::Fetch(Op::Fetch(fetch)));
        } else {
            batch.end_with(Last::Rest);
        }
    }

    fn beat(self, beat: &Beat) -> Slot {
        match self.shared.registry.beat(beat, std::time::Instant::now()) {
            Some(state) => state.news().map_or(Slot::Ok, Slot::Text),
            None => Slot::Error(WireError::err(format!("unknown worker {}", beat.wid))),
        }
    }
}

fn not_available(verb: &str) -> Slot {
    Slot::Error(WireError::err(format!("{verb} is not available yet")))
}
