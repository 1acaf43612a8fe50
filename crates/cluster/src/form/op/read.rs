//! How ops are read.

use std::sync::Arc;

use workmill_engine::{Ack, BulkPush, Fail, Fetch, Op, Requeue, ServerId, TrackOp};
use workmill_proto::{
    FailReport, QueueCommand, QueueSelection, RefusedJob, Timestamp, TrackCommand, TrackUpdate,
    WireError,
};

use super::{OpForm, QueueVerbForm};
use crate::form::error::{ErrorForm, error};
use crate::form::job::{JobForm, tag};

impl OpForm {
    pub(super) fn op(self) -> Result<Op, WireError> {
        Ok(match self {
            Self::Push(job) => Op::Push(Arc::new(job.into())),
            Self::PushBulk(jobs) => Op::PushBulk(bulk(jobs)),
            Self::Fetch {
                queues,
                wid,
                server,
                connection,
            } => Op::Fetch(Fetch {
                queues: queues.into(),
                wid: wid.into(),
                server: ServerId(server),
                connection,
            }),
            Self::Ack { jid, wid } => Op::Ack(Ack {
                jid,
                wid: wid.into(),
            }),
            Self::Fail {
                jid,
                errtype,
                message,
                backtrace,
                wid,
            } => Op::Fail(Arc::new(Fail {
                report: FailReport {
                    jid,
                    errtype,
                    message,
                    backtrace,
                },
                wid: wid.into(),
            })),
            Self::Requeue { jid, wid } => Op::Requeue(Requeue {
                jid,
                wid: wid.into(),
            }),
            Self::Batch(batch) => Op::Batch(Arc::new(batch.into())),
            Self::TrackGet { jid, wid } => track(TrackCommand::Get(jid), wid),
            Self::TrackSet {
                jid,
                percent,
                desc,
                reserve_until,
                wid,
            } => {
                let reserve_until = reserve_until.map(Timestamp::from_micros);
                let update = TrackUpdate {
                    jid,
                    percent,
                    desc,
                    reserve_until,
                };
                track(TrackCommand::Set(update), wid)
            }
            Self::Mutate(mutation) => mutation.op()?,
            Self::Queue {
                verb,
                names,
                client,
            } => Op::Queue(Arc::new(queue_command(verb, names)), client),
            Self::Flush => Op::Flush,
            Self::Info => Op::Info,
            Self::Nack(tags) => Op::Nack(tags.into_iter().map(tag).collect()),
            Self::Drain(server) => Op::Drain(ServerId(server)),
        })
    }
}

fn bulk(jobs: Vec<Result<JobForm, (String, ErrorForm)>>) -> BulkPush {
    let jobs = jobs.into_iter().map(|job| match job {
        Ok(job) => Ok(job.into()),
        Err((jid, refused)) => Err(RefusedJob {
            jid,
            error: error(refused),
        }),
    });
    BulkPush {
        jobs: jobs.collect(),
        next_index: 0,
        refused: Vec::new(),
    }
}

fn track(command: TrackCommand, wid: Box<str>) -> Op {
    Op::Track(Arc::new(TrackOp {
        command,
        wid: wid.into(),
    }))
}

fn queue_command(verb: QueueVerbForm, names: Option<Vec<String>>) -> QueueCommand {
    let queues = names.map_or(QueueSelection::All, QueueSelection::Named);
    match verb {
        QueueVerbForm::Pause => QueueCommand::Pause(queues),
        QueueVerbForm::Resume => QueueCommand::Resume(queues),
        QueueVerbForm::Remove => QueueCommand::Remove(queues),
    }
}
