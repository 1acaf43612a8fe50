//! How ops are written.

use workmill_engine::{BulkPush, Op, TrackOp};
use workmill_proto::{QueueCommand, QueueSelection, Timestamp, TrackCommand};

use super::{OpForm, QueueVerbForm, Unsendable};
use crate::form::batch::BatchForm;
use crate::form::error::{ErrorForm, error_form};
use crate::form::job::{JobForm, tag_form};
use crate::form::mutation::MutationForm;

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
