//! Whether every job that was pushed was delivered once.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::Serialize;

use crate::job::{JobNumber, Run};

/// What happened to each job of a run, kept by all its connections together.
#[derive(Debug)]
pub(crate) struct Ledger {
    run: Run,
    producers: Vec<Mutex<Vec<Entry>>>,
    foreign: AtomicU64,
}

#[derive(Clone, Copy, Debug, Default)]
struct Entry {
    /// The server answered its PUSH with `+OK`.
    pushed: bool,
    fetched: u8,
    acknowledged: u8,
}

/// The outcome of the check.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(crate) struct Delivery {
    /// Jobs the server said `+OK` to.
    pub(crate) pushed: u64,
    /// Of these: fetched once and acknowledged once.
    pub(crate) exact: u64,
    /// Of these: never fetched.
    pub(crate) lost: u64,
    /// Fetched more than once.
    pub(crate) doubled: u64,
    /// Fetched, and not acknowledged.
    pub(crate) unacknowledged: u64,
    /// Fetched, and not of this run.
    pub(crate) foreign: u64,
    /// Of those pushed: still in their queue at the end, as the server said.
    pub(crate) waiting: u64,
}

impl Delivery {
    /// Whether the server kept its promise.
    pub(crate) fn is_exact(&self) -> bool {
        self.exact + self.waiting == self.pushed && self.doubled == 0
    }

    /// Both together.
    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            pushed: self.pushed + other.pushed,
            exact: self.exact + other.exact,
            lost: self.lost + other.lost,
            doubled: self.doubled + other.doubled,
            unacknowledged: self.unacknowledged + other.unacknowledged,
            foreign: self.foreign + other.foreign,
            waiting: self.waiting + other.waiting,
        }
    }

    /// The same when so many of the jobs that were never fetched are known to wait in their queue.
    pub(crate) fn with_waiting(self, waiting: u64) -> Self {
        Self {
            lost: self.lost.saturating_sub(waiting),
            waiting: waiting.min(self.lost),
            ..self
        }
    }
}

impl Ledger {
    /// Nothing yet, of so many producers.
    pub(crate) fn new(run: Run, producers: u16) -> Self {
        Self {
            run,
            producers: (0..producers).map(|_| Mutex::default()).collect(),
            foreign: AtomicU64::new(0),
        }
    }

    pub(crate) fn run(&self) -> &Run {
        &self.run
    }

    /// The next job of a producer.
    pub(crate) fn issue(&self, producer: u16) -> JobNumber {
        self.issue_many(producer, 1)
    }

    /// The next `count` jobs of a producer: the first of them, the others follow it.
    pub(crate) fn issue_many(&self, producer: u16, count: u32) -> JobNumber {
        let mut number = 0;
        if let Some(mut entries) = self.entries(producer) {
            number = u32::try_from(entries.len()).unwrap_or(u32::MAX);
            let length = entries.len() + count as usize;
            entries.resize(length, Entry::default());
        }
        JobNumber { producer, number }
    }

    /// Notes that the server took a job in.
    pub(crate) fn pushed(&self, job: JobNumber) {
        self.pushed_many(job, 1);
    }

    /// Notes that the server took `count` jobs in, from `first` on.
    pub(crate) fn pushed_many(&self, first: JobNumber, count: u32) {
        let Some(mut entries) = self.entries(first.producer) else {
            return;
        };
        let others = entries.iter_mut().skip(first.number as usize);
        for entry in others.take(count as usize) {
            entry.pushed = true;
        }
    }

    /// Notes that the server handed this JSON out. None if it is not a job of this run: leave it alone.
    pub(crate) fn fetched(&self, json: &[u8]) -> Option<JobNumber> {
        let job = self.run.find(json).filter(|job| {
            self.change(*job, |entry| {
                entry.fetched = entry.fetched.saturating_add(1);
            })
        });
        if job.is_none() {
            self.foreign.fetch_add(1, Ordering::Relaxed);
        }
        job
    }

    /// Notes that the server took a worker's word that it is done with a job.
    pub(crate) fn acknowledged(&self, job: JobNumber) {
        self.change(job, |entry| {
            entry.acknowledged = entry.acknowledged.saturating_add(1);
        });
    }

    /// What came of it all.
    pub(crate) fn delivery(&self) -> Delivery {
        let mut delivery = Delivery {
            foreign: self.foreign.load(Ordering::Relaxed),
            ..Delivery::default()
        };
        let producers = (0..=u16::MAX).map_while(|producer| self.entries(producer));
        for entries in producers {
            for entry in entries.iter() {
                delivery.add(*entry);
            }
        }
        delivery
    }

    /// Runs `change` on what is known of a job. False if no such job was issued.
    fn change(&self, job: JobNumber, change: impl FnOnce(&mut Entry)) -> bool {
        let Some(mut entries) = self.entries(job.producer) else {
            return false;
        };
        let entry = entries.get_mut(job.number as usize);
        entry.map(change).is_some()
    }

    fn entries(&self, producer: u16) -> Option<MutexGuard<'_, Vec<Entry>>> {
        let entries = self.producers.get(usize::from(producer))?;
        Some(entries.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Delivery {
    fn add(&mut self, entry: Entry) {
        let Entry {
            pushed,
            fetched,
            acknowledged,
        } = entry;
        self.pushed += u64::from(pushed);
        self.exact += u64::from(pushed && fetched == 1 && acknowledged == 1);
        self.lost += u64::from(pushed && fetched == 0);
        self.doubled += u64::from(fetched > 1);
        self.unacknowledged += u64::from(fetched > 0 && acknowledged == 0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ledger of two producers, whose first has pushed `jobs` jobs.
    fn ledger(jobs: u32) -> (Ledger, Vec<JobNumber>) {
        let ledger = Ledger::new(Run::new().unwrap(), 2);
        let jobs = (0..jobs).map(|_| ledger.issue(0)).collect::<Vec<_>>();
        for job in &jobs {
            ledger.pushed(*job);
        }
        (ledger, jobs)
    }

    fn deliver(ledger: &Ledger, job: JobNumber) {
        let json = ledger.run.jid(job);
        assert_eq!(ledger.fetched(&json), Some(job));
        ledger.acknowledged(job);
    }

    #[test]
    fn jobs_delivered_once_are_exact() {
        let (ledger, jobs) = ledger(3);
        for job in jobs {
            deliver(&ledger, job);
        }
        let delivery = ledger.delivery();
        assert!(delivery.is_exact());
        assert_eq!((delivery.pushed, delivery.exact), (3, 3));
    }

    #[test]
    fn a_lost_job_is_noticed() {
        let (ledger, jobs) = ledger(3);
        deliver(&ledger, jobs[0]);
        deliver(&ledger, jobs[2]);
        let delivery = ledger.delivery();
        assert!(!delivery.is_exact());
        assert_eq!((delivery.lost, delivery.exact), (1, 2));
    }

    #[test]
    fn a_doubled_job_is_noticed() {
        let (ledger, jobs) = ledger(2);
        for job in [jobs[0], jobs[1], jobs[0]] {
            deliver(&ledger, job);
        }
        let delivery = ledger.delivery();
        assert!(!delivery.is_exact());
        assert_eq!((delivery.doubled, delivery.lost), (1, 0));
    }

    #[test]
    fn a_job_nobody_acknowledged_is_noticed() {
        let (ledger, jobs) = ledger(1);
        ledger.fetched(&ledger.run.jid(jobs[0]));
        let delivery = ledger.delivery();
        assert!(!delivery.is_exact());
        assert_eq!(delivery.unacknowledged, 1);
    }

    #[test]
    fn a_job_that_still_waits_is_not_lost() {
        let (ledger, jobs) = ledger(3);
        deliver(&ledger, jobs[0]);
        let delivery = ledger.delivery();
        for (waiting, lost) in [(2, 0), (1, 1)] {
            let delivery = delivery.with_waiting(waiting);
            assert_eq!((delivery.waiting, delivery.lost), (waiting, lost));
            assert_eq!(delivery.is_exact(), lost == 0);
        }
    }

    #[test]
    fn jobs_of_a_batch_are_numbered_and_noted_together() {
        let (ledger, _) = ledger(1);
        let first = ledger.issue_many(0, 3);
        assert_eq!(first.number, 1);
        assert_eq!(ledger.issue(0).number, 4);
        ledger.pushed_many(first, 3);
        assert_eq!(ledger.delivery().pushed, 4);
    }

    #[test]
    fn jobs_of_others_are_counted_apart() {
        let (ledger, jobs) = ledger(1);
        deliver(&ledger, jobs[0]);
        let never_issued = JobNumber {
            producer: 1,
            number: 0,
        };
        for json in [
            Run::new().unwrap().jid(jobs[0]),
            ledger.run.jid(never_issued),
        ] {
            assert_eq!(ledger.fetched(&json), None);
        }
        assert!(ledger.delivery().is_exact());
        assert_eq!(ledger.delivery().foreign, 2);
    }

    #[test]
    fn a_job_whose_push_was_never_answered_is_not_missed() {
        let (ledger, _) = ledger(0);
        let job = ledger.issue(1);
        assert!(ledger.delivery().is_exact());
        deliver(&ledger, job);
        assert!(ledger.delivery().is_exact());
        assert_eq!(ledger.delivery().pushed, 0);
    }
}
