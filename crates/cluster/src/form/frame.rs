//! Whole frames.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use workmill_engine::ServerId;

use super::op::{AskedForm, Unsendable};
use super::outcome::OutcomeForm;
use crate::frame::{Epoch, FromLeader, OpNumber, ToLeader};

/// The form that is written here. A link is made between servers that know the same.
pub const VERSION: u16 = 2;

/// Bytes that are no frame of this version.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the other server says what is not understood: {0}")]
pub struct Unreadable(String);

#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
enum ToLeaderForm {
    Hello {
        server: u64,
        nth: u64,
        registered: bool,
        open: Vec<u64>,
    },
    Ops(Vec<(u64, AskedForm)>),
    Forget(u64),
    Settled(Vec<u64>),
    Alive(BTreeSet<String>),
    Latencies {
        question: u64,
        queues: Vec<String>,
    },
    Ping,
    InOrder(Vec<u64>),
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum FromLeaderForm {
    Welcome(u64),
    Forgotten,
    Answers(Vec<(u64, OutcomeForm)>),
    Latencies {
        question: u64,
        seconds: Result<Vec<f64>, String>,
    },
    Ping,
}

/// The bytes of what a server says to the one that leads.
///
/// # Errors
/// An op among it cannot be sent.
pub fn write_to_leader(frame: &ToLeader) -> Result<Vec<u8>, Unsendable> {
    let form = match frame {
        ToLeader::Hello {
            server,
            nth,
            registered,
            open,
        } => ToLeaderForm::Hello {
            server: server.0,
            nth: *nth,
            registered: *registered,
            open: open.iter().map(|number| number.0).collect(),
        },
        ToLeader::Ops(ops) => {
            let ops = ops.iter();
            let ops = ops.map(|(number, op)| Ok((number.0, AskedForm::try_from(op)?)));
            ToLeaderForm::Ops(ops.collect::<Result<_, Unsendable>>()?)
        }
        ToLeader::Forget(number) => ToLeaderForm::Forget(number.0),
        ToLeader::Settled(numbers) => {
            ToLeaderForm::Settled(numbers.iter().map(|number| number.0).collect())
        }
        ToLeader::Alive(workers) => ToLeaderForm::Alive(workers.clone()),
        ToLeader::Latencies { question, queues } => ToLeaderForm::Latencies {
            question: *question,
            queues: queues.clone(),
        },
        ToLeader::Ping => ToLeaderForm::Ping,
        ToLeader::InOrder(numbers) => {
            ToLeaderForm::InOrder(numbers.iter().map(|number| number.0).collect())
        }
    };
    written(&form)
}

/// Reads what a server says to the one that leads.
///
/// # Errors
/// The bytes are no such frame.
pub fn read_to_leader(bytes: &[u8]) -> Result<ToLeader, Unreadable> {
    Ok(match read(bytes)? {
        ToLeaderForm::Hello {
            server,
            nth,
            registered,
            open,
        } => ToLeader::Hello {
            server: ServerId(server),
            nth,
            registered,
            open: open.into_iter().map(OpNumber).collect(),
        },
        ToLeaderForm::Ops(ops) => {
            let ops = ops.into_iter();
            let ops = ops.map(|(number, op)| match op.op() {
                Ok(op) => Ok((OpNumber(number), op)),
                Err(error) => Err(Unreadable(error.text)),
            });
            ToLeader::Ops(ops.collect::<Result<_, Unreadable>>()?)
        }
        ToLeaderForm::Forget(number) => ToLeader::Forget(OpNumber(number)),
        ToLeaderForm::Settled(numbers) => {
            ToLeader::Settled(numbers.into_iter().map(OpNumber).collect())
        }
        ToLeaderForm::Alive(workers) => ToLeader::Alive(workers),
        ToLeaderForm::Latencies { question, queues } => ToLeader::Latencies { question, queues },
        ToLeaderForm::Ping => ToLeader::Ping,
        ToLeaderForm::InOrder(numbers) => {
            ToLeader::InOrder(numbers.into_iter().map(OpNumber).collect())
        }
    })
}

/// The bytes of what the one that leads says.
///
/// # Errors
/// An answer among it cannot be sent.
pub fn write_from_leader(frame: &FromLeader) -> Result<Vec<u8>, Unsendable> {
    let form = match frame {
        FromLeader::Welcome(epoch) => FromLeaderForm::Welcome(epoch.0),
        FromLeader::Forgotten => FromLeaderForm::Forgotten,
        FromLeader::Answers(answers) => {
            let answers = answers.iter();
            let answers =
                answers.map(|(number, outcome)| Ok((number.0, OutcomeForm::try_from(outcome)?)));
            FromLeaderForm::Answers(answers.collect::<Result<_, Unsendable>>()?)
        }
        FromLeader::Latencies { question, seconds } => FromLeaderForm::Latencies {
            question: *question,
            seconds: seconds.clone(),
        },
        FromLeader::Ping => FromLeaderForm::Ping,
    };
    written(&form)
}

/// Reads what the one that leads says.
///
/// # Errors
/// The bytes are no such frame.
pub fn read_from_leader(bytes: &[u8]) -> Result<FromLeader, Unreadable> {
    Ok(match read(bytes)? {
        FromLeaderForm::Welcome(epoch) => FromLeader::Welcome(Epoch(epoch)),
        FromLeaderForm::Forgotten => FromLeader::Forgotten,
        FromLeaderForm::Answers(answers) => {
            let answers = answers.into_iter();
            let answers = answers.map(|(number, outcome)| (OpNumber(number), outcome.into()));
            FromLeader::Answers(answers.collect())
        }
        FromLeaderForm::Latencies { question, seconds } => {
            FromLeader::Latencies { question, seconds }
        }
        FromLeaderForm::Ping => FromLeader::Ping,
    })
}

fn written(form: &impl Serialize) -> Result<Vec<u8>, Unsendable> {
    postcard::to_stdvec(form).map_err(|_| Unsendable)
}

fn read<'a, F: Deserialize<'a>>(bytes: &'a [u8]) -> Result<F, Unreadable> {
    match postcard::take_from_bytes(bytes) {
        Ok((form, [])) => Ok(form),
        Ok((_, rest)) => Err(Unreadable(format!("{} bytes too many", rest.len()))),
        Err(error) => Err(Unreadable(error.to_string())),
    }
}
