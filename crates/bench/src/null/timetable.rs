//! The jobs whose time is still to come.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use memchr::memmem::Finder;
use workmill_proto::Timestamp;

/// Jobs by the moment they name.
#[derive(Debug)]
pub(super) struct Timetable {
    /// Finds what comes before a job's time. Every job is searched, so it must cost next to nothing.
    finder: Finder<'static>,
    jobs: Mutex<BTreeMap<Timestamp, Vec<Bytes>>>,
}

impl Default for Timetable {
    fn default() -> Self {
        Self {
            finder: Finder::new(br#""at":""#),
            jobs: Mutex::default(),
        }
    }
}

impl Timetable {
    /// The moment a job names, if it names one.
    pub(super) fn time_of(&self, job: &[u8]) -> Option<Timestamp> {
        let start = self.finder.find(job)? + self.finder.needle().len();
        let text = job.get(start..)?.split(|byte| *byte == b'"').next()?;
        Timestamp::parse_rfc3339(std::str::from_utf8(text).ok()?)
    }

    /// Keeps a job until its moment is taken. Whether it is the first of that moment.
    pub(super) fn add(&self, at: Timestamp, job: Bytes) -> bool {
        let mut jobs = self.jobs();
        let same = jobs.entry(at).or_default();
        same.push(job);
        same.len() == 1
    }

    /// Takes out all jobs of one moment.
    pub(super) fn take(&self, at: Timestamp) -> Vec<Bytes> {
        self.jobs().remove(&at).unwrap_or_default()
    }

    /// How many jobs there are.
    pub(super) fn len(&self) -> usize {
        self.jobs().values().map(Vec::len).sum()
    }

    /// Forgets all jobs.
    pub(super) fn clear(&self) {
        self.jobs().clear();
    }

    fn jobs(&self) -> MutexGuard<'_, BTreeMap<Timestamp, Vec<Bytes>>> {
        self.jobs.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
