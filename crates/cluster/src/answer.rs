//! The stored form of answers.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use workmill_engine::{Action, DeliveryTag, Op, Outcome};
use workmill_proto::{Bid, SteadyTime};
use workmill_store::JobKey;

use crate::form::{ErrorForm, refusals, refusals_form};
use crate::frame::OpNumber;

/// The form written here. What has another one was written by another version.
const VERSION: u8 = 1;

/// What is kept of an op, as far as it is needed to answer it again without running it again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum KeptAnswer {
    /// Done.
    Done,
    /// A FETCH that got a job: its key, and when it was reserved, in microseconds of the steady clock.
    Job(i64, i64),
    /// A PUSHB: what was refused.
    Refusals(Vec<(String, ErrorForm)>),
    /// The id of a batch, and what keeps it from being guessed.
    Batch(u64, u64),
    /// So many jobs were changed, by the action of this number in the audit log.
    Changed(u64, Option<u64>),
    /// A PUSHB of which so many jobs are done; what was refused of them. It is not answered yet.
    Begun(usize, Vec<(String, ErrorForm)>),
}

/// What is stored of the answers to a server cannot be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum UnreadableLog {
    /// It was written by a newer version.
    #[error("the answers to a server were stored by a newer version: run that one")]
    Newer,
    /// It is damaged.
    #[error("the stored answers to a server are damaged")]
    Damaged,
}

impl KeptAnswer {
    /// What to keep of an answer; none if the op can be run again without harm, as it has changed nothing.
    pub(crate) fn of(outcome: &Outcome) -> Option<Self> {
        Some(match outcome {
            Outcome::Ok => Self::Done,
            Outcome::Job(job) => Self::Job(job.tag.key.0, job.tag.reserved_at.as_micros()),
            Outcome::Refusals(refused) => Self::Refusals(refusals_form(refused)),
            Outcome::Bid(bid) => Self::Batch(bid.id, bid.check),
            Outcome::Changed { jobs, action } => Self::Changed(*jobs, *action),
            Outcome::Nothing
            | Outcome::Refused(_)
            | Outcome::Batch(_)
            | Outcome::Track(_)
            | Outcome::Info(_)
            | Outcome::Operations(_) => return None,
        })
    }

    /// What to keep of an op that goes on in the next group.
    pub(crate) fn of_begun(op: &Op) -> Option<Self> {
        match op.asked() {
            Op::PushBulk(bulk) => Some(Self::Begun(bulk.next_index, refusals_form(&bulk.refused))),
            _ => None,
        }
    }

    /// The delivery that it is the answer of.
    pub(crate) fn delivery(&self) -> Option<DeliveryTag> {
        match self {
            Self::Job(key, reserved_at) => Some(DeliveryTag {
                key: JobKey(*key),
                reserved_at: SteadyTime::from_micros(*reserved_at),
            }),
            _ => None,
        }
    }

    /// The answer again. None for a job, whose payload is not kept here, and for an op that is not answered.
    pub(crate) fn outcome(&self) -> Option<Outcome> {
        Some(match self {
            Self::Done => Outcome::Ok,
            Self::Refusals(refused) => Outcome::Refusals(refusals(refused.clone())),
            Self::Batch(id, check) => Outcome::Bid(Bid {
                id: *id,
                check: *check,
            }),
            Self::Changed(jobs, action) => Outcome::Changed {
                jobs: *jobs,
                action: *action,
            },
            Self::Job(..) | Self::Begun(..) => return None,
        })
    }

    /// The op as far as it is not done, if this tells of it.
    pub(crate) fn rest_of(&self, op: Op) -> Op {
        match (self, op) {
            (Self::Begun(next_index, refused), Op::PushBulk(mut bulk)) => {
                bulk.next_index = *next_index;
                bulk.refused = refusals(refused.clone());
                Op::PushBulk(bulk)
            }
            (Self::Begun(..), Op::Act(action)) => Op::Act(Arc::new(Action {
                by: Arc::clone(&action.by),
                op: self.rest_of(action.op.clone()),
            })),
            (_, op) => op,
        }
    }
}

/// The stored form of all answers to one server.
pub(crate) fn encode(answers: &BTreeMap<OpNumber, KeptAnswer>) -> Result<Vec<u8>, postcard::Error> {
    postcard::to_extend(answers, vec![VERSION])
}

/// Reads the stored form.
pub(crate) fn decode(bytes: &[u8]) -> Result<BTreeMap<OpNumber, KeptAnswer>, UnreadableLog> {
    match bytes.split_first() {
        Some((&VERSION, rest)) => postcard::from_bytes(rest).map_err(|_| UnreadableLog::Damaged),
        Some((version, _)) if *version > VERSION => Err(UnreadableLog::Newer),
        _ => Err(UnreadableLog::Damaged),
    }
}

#[cfg(test)]
mod tests;
