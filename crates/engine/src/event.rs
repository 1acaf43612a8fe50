//! What happened to jobs, for whoever counts it.

use std::time::Duration;

/// Something that happened to a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// What.
    pub kind: EventKind,
    /// The job's queue.
    pub queue: Box<str>,
    /// The job's type.
    pub jobtype: Box<str>,
}

/// What can happen to a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EventKind {
    /// A client pushed it, for now or for later, and it was accepted.
    Pushed,
    /// It was handed out.
    Fetched,
    /// It was dropped when it would have been handed out, because its time was over.
    Expired,
    /// Its worker acknowledged it.
    Succeeded {
        /// From its reservation on.
        ran_for: Duration,
    },
    /// Its worker reported a failure, kept it too long or was lost with it.
    Failed {
        /// From its reservation on.
        ran_for: Duration,
        /// Whether it went to the dead set.
        dead: bool,
    },
}
