//! Where jobs are, and which job is meant wherever it is.

use std::fmt;

use workmill_proto::SetName;

use crate::{EntryKey, JobKey, SetTime};

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

/// How a set is told in the text of a key.
fn letter(set: SetName) -> char {
    match set {
        SetName::Scheduled => 's',
        SetName::Retries => 'r',
        SetName::Dead => 'd',
        SetName::Completed => 'c',
    }
}

impl JobRef {
    /// Reads what was written of it. None if it is not written so.
    pub fn parse(text: &str) -> Option<Self> {
        let mut rest = text.chars();
        let first = rest.next()?;
        let rest = rest.as_str();
        if first == 'j' {
            return Some(Self::Job(JobKey(rest.parse().ok()?)));
        }
        let set = SetName::ALL.into_iter().find(|set| letter(*set) == first)?;
        let (at, serial) = rest.split_once('.')?;
        let at = SetTime::from_micros(at.parse().ok()?);
        let serial = serial.parse().ok()?;
        Some(Self::Entry(EntryKey { set, at, serial }))
    }
}

impl fmt::Display for JobRef {
    /// A short text of letters, digits, dots and minuses, for addresses.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Job(JobKey(key)) => write!(f, "j{key}"),
            Self::Entry(EntryKey { set, at, serial }) => {
                write!(f, "{}{}.{serial}", letter(*set), at.as_micros())
            }
        }
    }
}

/// Tells the jobs that were in a place at a moment from those that came later: a high-water mark. It grows with each job
/// that comes there; for a set it is the largest serial any entry has had so far.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Watermark(pub i64);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_read_from_its_text() {
        let at = SetTime::from_micros(-5);
        let mut keys = vec![JobRef::Job(JobKey(0)), JobRef::Job(JobKey(i64::MAX))];
        keys.extend(SetName::ALL.map(|set| JobRef::Entry(EntryKey { set, at, serial: 7 })));
        for key in keys {
            assert_eq!(JobRef::parse(&key.to_string()), Some(key));
        }
        for text in [
            "",
            "j",
            "jx",
            "x1",
            "d1",
            "d1.",
            "d.1",
            "d1.1.1",
            "j99999999999999999999",
        ] {
            assert_eq!(JobRef::parse(text), None, "{text}");
        }
    }
}
