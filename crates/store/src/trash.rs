//! The trash: what operators took away, and can be put back for a while.

use workmill_proto::{SetName, SteadyTime};

use crate::{EntryKey, SetTime, StoredJob};

/// What is left of what one action took away, under the number of its entry in the audit log. Its jobs are numbered in the
/// order they were taken away: all from `first` on and before `end` are there, but those that are done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Trash {
    /// The number of the first job that is left.
    pub first: u64,
    /// The number that the next one gets.
    pub end: u64,
    /// How many of them are there no more, as their workers have done them.
    pub done: u64,
    /// How large their payloads and attempts are together, in bytes.
    pub bytes: u64,
    /// From when on they are forgotten.
    pub ends_at: SteadyTime,
}

impl Trash {
    /// How many jobs are left.
    pub fn jobs(&self) -> u64 {
        let numbers = self.end.saturating_sub(self.first);
        numbers.saturating_sub(self.done)
    }
}

/// The key of a job in the trash: the number of the action that took it away, and its own.
pub type TrashKey = (u64, u64);

/// A job that an operator took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TrashedJob {
    /// Where it was.
    pub home: Home,
    /// What became of it.
    pub fate: Fate,
}

/// Where a job was that an operator took away.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Home {
    /// In the queue that its record names, or with a worker.
    Queue,
    /// In a set, at this time.
    Set(SetName, SetTime),
}

impl Home {
    /// The set, if it was in one.
    pub fn set(self) -> Option<SetName> {
        match self {
            Self::Queue => None,
            Self::Set(set, _) => Some(set),
        }
    }
}

/// What became of a job that an operator took away.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It was deleted: here it is.
    Deleted(StoredJob),
    /// It was killed, and is in the dead set if nothing has happened to it since.
    Killed {
        /// There.
        dead: EntryKey,
        /// Whether it was a member of a batch that had not failed.
        was_pending: bool,
    },
    /// It was dead, and left the dead set because the action killed others; or it was one of those itself.
    Evicted {
        /// Here it is.
        job: StoredJob,
        /// Whether it was a member of a batch that had not failed, when the action killed it.
        was_pending: bool,
    },
}

impl TrashedJob {
    /// How large its payload and its attempts are, in bytes; nothing if it is in the dead set.
    pub fn bytes(&self) -> u64 {
        match &self.fate {
            Fate::Deleted(Ok(job)) | Fate::Evicted { job: Ok(job), .. } => job.bytes() as u64,
            Fate::Deleted(Err(corrupt))
            | Fate::Evicted {
                job: Err(corrupt), ..
            } => corrupt.bytes.len() as u64,
            Fate::Killed { .. } => 0,
        }
    }
}
