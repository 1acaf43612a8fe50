//! What servers and the one that leads say to each other.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use workmill_engine::{Op, Outcome, ServerId};

/// Which op of one run of a server: they are counted from 1, in the order in which its clients asked for them.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
pub struct OpNumber(pub u64);

/// Which leadership: each has a greater one than all before it. The store refuses what is written under an older one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Epoch(pub u64);

/// One connection between two servers. No two that reach the same term have the same, also one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// What a server says to the one that leads.
#[derive(Clone, Debug)]
pub enum ToLeader {
    /// The first thing on a link.
    Hello {
        /// Who it is. A server that starts again is another one.
        server: ServerId,
        /// Which of this server's links it is, in their order. What comes on an older one than the last does not count.
        nth: u64,
        /// Whether a leader has ever [welcomed](FromLeader::Welcome) it: then there is a log of its answers.
        registered: bool,
        /// All ops that it has asked for and that are not settled.
        open: Vec<OpNumber>,
    },
    /// Ops to be run, in order. One that was handed over before, on this link or another, is not run again.
    Ops(Vec<(OpNumber, Op)>),
    /// The client of this FETCH is gone: it is to be answered with nothing if it waits.
    Forget(OpNumber),
    /// The answers to these are known and need not be kept any longer.
    Settled(Vec<OpNumber>),
    /// The workers that the server has heard from within the last minute.
    Alive(BTreeSet<String>),
    /// For how long the oldest job of each of these queues has waited. Asked beside the ops, as reading is.
    Latencies {
        /// The answer names it. No two questions on a link have the same.
        question: u64,
        /// The names of the queues.
        queues: Vec<String>,
    },
    /// The server is there.
    Ping,
    /// These ops, which are to come, keep their places among others: one client has asked for things of several kinds at a time.
    InOrder(Vec<OpNumber>),
}

/// What the one that leads says to a server.
#[derive(Debug)]
pub enum FromLeader {
    /// The server is known, and its answers are kept from now on.
    Welcome(Epoch),
    /// The server was away for so long that its answers are kept no more. What became of its open ops is unknown; it has to
    /// start anew under another name.
    Forgotten,
    /// What came of ops.
    Answers(Vec<(OpNumber, Outcome)>),
    /// The answer to [`ToLeader::Latencies`].
    Latencies {
        /// Which question.
        question: u64,
        /// One for each queue in the order asked, in seconds; 0 for one that is empty or unknown. Or why that cannot be told.
        seconds: Result<Vec<f64>, String>,
    },
    /// The leader is there.
    Ping,
}
