//! Where jobs are, and which job is meant wherever it is.

use workmill_proto::SetName;

use crate::{EntryKey, JobKey};

/// Where a job can be.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// It waits in the queue of this name.
    Queue(Box<str>),
    /// A worker has it.
    Working,
    /// It is in a set.
    Set(SetName),
}

/// Which job, wherever it is. Also a cursor: reading goes on behind it, whether it is still there or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum JobRef {
    /// One that waits in a queue or is reserved.
    Job(JobKey),
    /// One in a set.
    Entry(EntryKey),
}

/// Tells the jobs that were in a place at a moment from those that came later: a high-water mark. It grows with each job
/// that comes there; for a set it is the largest serial any entry has had so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark(pub i64);
