//! The audit log: what operators did.

use workmill_proto::{SteadyTime, Timestamp};

/// Somebody who acts on jobs, queues or the server, as they were when they did it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Operator {
    /// The name they gave, or the id of the worker; empty if they gave none.
    pub name: Box<str>,
    /// What they may do.
    pub role: Box<str>,
    /// Where they come from.
    pub address: Box<str>,
}

/// The longest part of what is known of somebody, in bytes: HTTP knows no limit for a name.
const PART_BYTES_MAX: usize = 256;

impl Operator {
    /// Somebody, as far as they are known: what is too long is cut.
    pub fn new(name: &str, role: &str, address: &str) -> Self {
        let part = |text: &str| {
            let end = text.floor_char_boundary(PART_BYTES_MAX);
            text.get(..end).unwrap_or_default().into()
        };
        Self {
            name: part(name),
            role: part(role),
            address: part(address),
        }
    }
}

/// One action of an operator. It outlives a [`Tx::flush`](crate::Tx::flush).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AuditEntry {
    /// Who did it.
    pub by: Operator,
    /// What was done, in a word.
    pub action: Box<str>,
    /// To what, for people to read.
    pub target: Box<str>,
    /// When it began, by the wall clock.
    pub began_at: Timestamp,
    /// When that was by the steady clock: it is kept for so long from then on.
    pub noted_at: SteadyTime,
    /// When it ended; none while it is under way.
    pub ended_at: Option<Timestamp>,
    /// How it ended.
    pub state: AuditState,
    /// How many jobs it has changed so far; of an action on other things, how many of these.
    pub changed: u64,
    /// How many jobs it was asked to change and could not.
    pub skipped: u64,
    /// The name of the operation, if it has one.
    pub operation: Option<u64>,
    /// The action that it takes back, if it does.
    pub undoes: Option<u64>,
}

/// How far an action is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum AuditState {
    /// It is under way.
    Running,
    /// It was done to its end.
    Done,
    /// It was cancelled; what it had changed stays changed.
    Cancelled,
    /// It was given up, for this reason; what it had changed stays changed.
    Failed(Box<str>),
    /// The server ended before it; what it had changed stays changed.
    Interrupted,
}

/// What an action that is under way needs to be gone on with by the next server, in two parts: what never changes of it, and
/// how far it is. The engine writes and reads them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ActionPart(pub Vec<u8>);

/// Which part of an action that is under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartOf {
    /// What is done to which jobs.
    Change,
    /// How far it is. Small: it is written with each slice.
    Progress,
}

/// The key of a job that an action waits for: the number of the action, and the id of the job.
pub type WatchedKey = (u64, Box<str>);

/// A job that an action under way has put into its queue, and waits for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WatchedJob {
    /// Since when.
    pub since: SteadyTime,
    /// Its queue.
    pub queue: Box<str>,
}

/// That an action is under way, under the number of its entry. It ends with its server at the latest,
/// or is gone on with by the next one if its parts are kept.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OpenAction {
    /// Since when.
    pub since: SteadyTime,
}
