//! What a server asks on behalf of its clients.

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use workmill_engine::{Ack, BulkPush, Fail, Fetch, Op, Requeue, ServerId, TrackOp};
use workmill_proto::{
    ErrorCode, FailReport, QueueCommand, QueueSelection, RefusedJob, Timestamp, TrackCommand,
    TrackUpdate, WireError,
};
use workmill_store::Operator;

use super::batch::BatchForm;
use super::job::{JobForm, TagForm, tag, tag_form};
use super::mutation::MutationForm;

/// An op that no client of another server can ask for, or one that has begun already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("this cannot be asked of another server")]
pub struct Unsendable;

/// An op.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum OpForm {
    Push(JobForm),
    PushBulk(Vec<Result<JobForm, (String, ErrorForm)>>),
    Fetch {
        queues: Vec<String>,
        wid: Box<str>,
        server: u64,
        connection: u64,
    },
    Ack {
        jid: String,
        wid: Box<str>,
    },
    Fail {
        jid: String,
        errtype: String,
        message: String,
        backtrace: Vec<String>,
        wid: Box<str>,
    },
    Requeue {
        jid: String,
        wid: Box<str>,
    },
    Batch(BatchForm),
    TrackGet {
        jid: String,
        wid: Box<str>,
    },
    TrackSet {
        jid: String,
        percent: Option<i64>,
        desc: Option<String>,
        reserve_until: Option<i64>,
        wid: Box<str>,
    },
    Mutate(MutationForm),
    Queue {
        verb: QueueVerbForm,
        /// None means all.
        names: Option<Vec<String>>,
        client: u64,
    },
    Flush,
    Info,
    Nack(Vec<TagForm>),
    Drain(u64),
}

/// An op, and the operator who asks for it: name, role, address.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct AskedForm {
    by: Option<(Box<str>, Box<str>, Box<str>)>,
    op: OpForm,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum QueueVerbForm {
    Pause,
    Resume,
    Remove,
}

/// An error: whether it is that a job is not unique, and its text.
pub(super) type ErrorForm = (bool, String);

pub(super) fn error_form(error: &WireError) -> ErrorForm {
    (error.code == ErrorCode::NotUnique, error.text.clone())
}

pub(super) fn error((not_unique, text): ErrorForm) -> WireError {
    WireError {
        code: match not_unique {
            true => ErrorCode::NotUnique,
            false => ErrorCode::Err,
        },
        ..WireError::err(text)
    }
}

impl TryFrom<&Op> for AskedForm {
    type Error = Unsendable;

    fn try_from(op: &Op) -> Result<Self, Unsendable> {
        let (by, op) = match op {
            Op::Act(action) => (Some(&action.by), &action.op),
            Op::Mutate(mutate) => (mutate.by.as_ref(), op),
            op => (None, op),
        };
        let by = by.map(|by| (by.name.clone(), by.role.clone(), by.address.clone()));
        let op = OpForm::try_from(op)?;
        Ok(Self { by, op })
    }
}

impl AskedForm {
    /// The op.
    ///
    /// # Errors
    /// It says something that no client can.
    pub(super) fn op(self) -> Result<Op, WireError> {
        let op = self.op.op()?;
        Ok(match self.by {
            None => op,
            Some((name, role, address)) => op.by(&Arc::new(Operator::new(&name, &role, &address))),
        })
    }
}

impl TryFrom<&Op> for OpForm {
    type Error = Unsendable;

    fn try_from(op: &Op) -> Result<Self, Unsendable> {
        Ok(match op {
            Op::Push(job) => Self::Push(JobForm::from(&**job)),
            Op::PushBulk(bulk) if bulk.next_index == 0 => Self::PushBulk(bulk_form(bulk)),
            Op::Fetch(fetch) => Self::Fetch {
                queues: fetch.queues.to_vec(),
                wid: Box::from(&*fetch.wid),
                server: fetch.server.0,
                connection: fetch.connection,
            },
            Op::Ack(ack) => Self::Ack {
                jid: ack.jid.clone(),
                wid: Box::from(&*ack.wid),
            },
            Op::Fail(fail) => Self::Fail {
                jid: fail.report.jid.clone(),
                errtype: fail.report.errtype.clone(),
                message: fail.report.message.clone(),
                backtrace: fail.report.backtrace.clone(),
                wid: Box::from(&*fail.wid),
            },
            Op::Requeue(requeue) => Self::Requeue {
                jid: requeue.jid.clone(),
                wid: Box::from(&*requeue.wid),
            },
            Op::Batch(batch) => Self::Batch(BatchForm::from(&**batch)),
            Op::Track(track) => track_form(track),
            Op::Mutate(mutate) => Self::Mutate(MutationForm::try_from(mutate)?),
            Op::Queue(command, client) => queue_form(command, *client),
            Op::Flush => Self::Flush,
            Op::Info => Self::Info,
            Op::Nack(tags) => Self::Nack(tags.iter().copied().map(tag_form).collect()),
            Op::Drain(server) => Self::Drain(server.0),
            Op::Act(_)
            | Op::PushBulk(_)
            | Op::Operations(_)
            | Op::Cron(_)
            | Op::Forget(_)
            | Op::Tick(_)
            | Op::Note(_) => {
                return Err(Unsendable);
            }
        })
    }
}

fn bulk_form(bulk: &BulkPush) -> Vec<Result<JobForm, (String, ErrorForm)>> {
    let jobs = bulk.jobs.iter().map(|job| match job {
        Ok(job) => Ok(JobForm::from(job)),
        Err(refused) => Err((refused.jid.clone(), error_form(&refused.error))),
    });
    jobs.collect()
}

fn track_form(track: &TrackOp) -> OpForm {
    let wid = Box::from(&*track.wid);
    match &track.command {
        TrackCommand::Get(jid) => OpForm::TrackGet {
            jid: jid.clone(),
            wid,
        },
        TrackCommand::Set(update) => OpForm::TrackSet {
            jid: update.jid.clone(),
            percent: update.percent,
            desc: update.desc.clone(),
            reserve_until: update.reserve_until.map(Timestamp::as_micros),
            wid,
        },
    }
}

fn queue_form(command: &QueueCommand, client: u64) -> OpForm {
    let (verb, queues) = match command {
        QueueCommand::Pause(queues) => (QueueVerbForm::Pause, queues),
        QueueCommand::Resume(queues) => (QueueVerbForm::Resume, queues),
        QueueCommand::Remove(queues) => (QueueVerbForm::Remove, queues),
    };
    OpForm::Queue {
        verb,
        names: match queues {
            QueueSelection::All => None,
            QueueSelection::Named(names) => Some(names.clone()),
        },
        client,
    }
}

impl OpForm {
    fn op(self) -> Result<Op, WireError> {
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
