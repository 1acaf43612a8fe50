//! What a server asks on behalf of its clients.

mod read;
mod written;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use workmill_engine::Op;
use workmill_proto::WireError;
use workmill_store::Operator;

use super::batch::BatchForm;
use super::error::ErrorForm;
use super::job::{JobForm, TagForm};
use super::mutation::MutationForm;

/// An op that no client of another server can ask for, or one that has begun already.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("only the server that leads can do this: ask it there, on its pages or by its API")]
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
