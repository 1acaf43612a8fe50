//! Unique jobs: who has which lock, until when.

use workmill_proto::SteadyTime;
use workmill_store::JobLock;

use super::{Job, Mutant, Naive};

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lock {
    pub owner: String,
    /// Which of the jobs with that id.
    pub number: i64,
    pub ends_at: SteadyTime,
}

impl Naive {
    /// Takes the lock of a job, if it has one; tells whether it could.
    pub fn lock(&mut self, job: &Job) -> bool {
        let Some(JobLock { key, ends_at, .. }) = job.lock else {
            return true;
        };
        self.keys.insert(key);
        let is_free = match self.locks.get(&key) {
            Some(lock) => lock.ends_at <= self.now,
            None => true,
        };
        if is_free || self.mutant == Mutant::LockTakenTwice {
            let owner = job.jid.clone();
            let number = job.number;
            let lock = Lock {
                owner,
                number,
                ends_at,
            };
            self.locks.insert(key, lock);
            return true;
        }
        false
    }

    /// The job needs its lock no more.
    pub fn unlock(&mut self, job: &Job) {
        let Some(JobLock { key, .. }) = job.lock else {
            return;
        };
        let Some(lock) = self.locks.get(&key) else {
            return;
        };
        let own = match self.mutant {
            Mutant::LockOfAnotherGivenBack => true,
            Mutant::LockOfAnotherPushingGivenBack => lock.owner == job.jid,
            _ => lock.number == job.number,
        };
        if own {
            self.locks.remove(&key);
        }
    }

    /// The job is handed out.
    pub fn unlock_at_start(&mut self, job: &Job) {
        if job.lock.is_some_and(|lock| lock.until_start) && self.mutant != Mutant::LockKeptAtStart {
            self.unlock(job);
        }
    }

    /// The job is as if it had not been handed out: its lock too, if nobody else has it and its time is not over.
    pub fn lock_again(&mut self, job: &Job) {
        let wants = job
            .lock
            .is_some_and(|lock| lock.until_start && lock.ends_at > self.now);
        if wants && self.mutant != Mutant::LockNotTakenAgain {
            self.lock(job);
        }
    }
}
