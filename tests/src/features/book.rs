//! What clients know of their jobs, batches and ticks.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

use super::batches::Batch;
use super::checked::FeaturesChecked;
use super::job::Entry;
use super::throttles::Throttles;
use super::ticks::Ticks;
use crate::course::Status;
use crate::violations::Violations;

/// The book of all clients of one server.
#[derive(Debug, Default)]
pub struct FeatureLedger {
    book: Mutex<Book>,
}

#[derive(Debug, Default)]
pub(super) struct Book {
    /// Whether an operator has requeued what waits in sets: then it does not expire any more.
    pub(super) expiries_lifted: bool,
    /// Jobs since the last audit.
    pub(super) jobs: BTreeMap<String, Entry>,
    /// Jobs of the same key, by it.
    pub(super) rivals: BTreeMap<String, Vec<String>>,
    /// Batches since the last audit, by name.
    pub(super) batches: BTreeMap<String, Batch>,
    /// Jobs that are no more, by the last audit.
    pub(super) finished: BTreeSet<String>,
    pub(super) throttles: Throttles,
    pub(super) ticks: Ticks,
    /// Jobs that wait, about.
    pub(super) backlog: usize,
    /// FETCHes without an answer since the server died last: each may have reserved any job that waits.
    pub(super) fetches_unknown: u64,
    /// FETCHes without an answer that may have reserved a job of a cron entry.
    pub(super) ticks_unknown: u64,
    /// Jobs that may have been dropped when their time was over, if their push happened.
    pub(super) expired_unknown: u64,
    pub(super) checked: FeaturesChecked,
    violations: Violations,
}

impl FeatureLedger {
    pub(super) fn book(&self) -> MutexGuard<'_, Book> {
        self.book
            .lock()
            .expect("no client panics with the book in its hands")
    }

    /// The server is about to be started.
    pub fn server_starts(&self) {
        let mut book = self.book();
        book.throttles.server_starts();
        book.ticks.server_starts();
    }

    /// The server is dead.
    pub fn server_died(&self) {
        self.book().ticks.server_died();
    }

    /// How much was compared so far.
    pub fn checked(&self) -> FeaturesChecked {
        self.book().checked
    }

    /// Panics if anything was broken.
    pub fn assert_kept(&self, context: &str) {
        let violations = self.book().violations.clone();
        violations.assert_none(context);
    }
}

impl Book {
    pub(super) fn violate(&mut self, what: String) {
        self.violations.add(what);
    }

    pub(super) fn entry(&mut self, jid: &str) -> &mut Entry {
        self.jobs
            .get_mut(jid)
            .unwrap_or_else(|| panic!("a client made up the job {jid}"))
    }

    /// Jobs in one of these states.
    pub(super) fn with_status(&self, wanted: &[Status]) -> Vec<(String, Status)> {
        let jobs = self.jobs.iter();
        jobs.filter(|(_, entry)| wanted.contains(&entry.course.status))
            .map(|(jid, entry)| (jid.clone(), entry.course.status))
            .collect()
    }
}
