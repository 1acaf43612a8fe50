//! The rules of jobs, written as simply as possible: vectors, and no thought of speed.

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::{SetName, Timestamp};

pub const DEAD_JOBS_MAX: usize = 12;
pub const DEAD_TTL_SECS: i64 = 5_000;

/// A rule broken on purpose, to see that the comparison notices.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mutant {
    None,
    RightMostQueueFirst,
    AckForgetsNothing,
    OneRetryTooFew,
    ReturnedToTheTail,
    PausedQueueFetched,
    PromotionForgotten,
    StrangerEndsAnothersJob,
    RemoveTakesReservedJobs,
    DeadWithoutLimit,
}

impl Mutant {
    pub const ALL: [Self; 9] = [
        Self::RightMostQueueFirst,
        Self::AckForgetsNothing,
        Self::OneRetryTooFew,
        Self::ReturnedToTheTail,
        Self::PausedQueueFetched,
        Self::PromotionForgotten,
        Self::StrangerEndsAnothersJob,
        Self::RemoveTakesReservedJobs,
        Self::DeadWithoutLimit,
    ];
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Job {
    /// Tells copies of a job id apart.
    pub number: i64,
    pub jid: String,
    pub queue: String,
    pub retry: i64,
    pub delay_secs: i64,
    pub reserve_for_secs: i64,
    pub failures: i64,
    pub recovered_at: Vec<Timestamp>,
    /// Its place in the line.
    pub place: i64,
    /// Which queue of its name it was in: a removed queue's jobs do not get their place back.
    pub generation: u64,
}

#[derive(Clone, Debug)]
pub struct Work {
    pub job: Job,
    pub wid: String,
    pub key: i64,
    pub reserved_at: Timestamp,
    pub expires_at: Timestamp,
}

#[derive(Clone, Debug)]
pub struct Waiting {
    pub ticket: u64,
    pub queues: Vec<String>,
    pub wid: String,
    pub deadline: Timestamp,
}

#[derive(Clone, Debug, Default)]
pub struct Queue {
    pub jobs: Vec<Job>,
    pub paused: bool,
    pub generation: u64,
}

#[derive(Clone, Debug)]
pub struct Naive {
    pub mutant: Mutant,
    pub now: Timestamp,
    pub queues: BTreeMap<String, Queue>,
    pub working: Vec<Work>,
    pub sets: BTreeMap<SetName, Vec<(Timestamp, Job)>>,
    pub ends: BTreeSet<(String, String)>,
    pub waiting: Vec<Waiting>,
    pub processed: u64,
    pub failures: u64,
    places: i64,
    fronts: i64,
    generations: u64,
}

impl Naive {
    pub fn new(mutant: Mutant, now: Timestamp) -> Self {
        Self {
            mutant,
            now,
            queues: BTreeMap::new(),
            working: Vec::new(),
            sets: SetName::ALL
                .into_iter()
                .map(|set| (set, Vec::new()))
                .collect(),
            ends: BTreeSet::new(),
            waiting: Vec::new(),
            processed: 0,
            failures: 0,
            places: 0,
            fronts: 0,
            generations: 0,
        }
    }

    pub fn queue(&mut self, name: &str) -> &mut Queue {
        if !self.queues.contains_key(name) {
            self.generations += 1;
            let queue = Queue {
                generation: self.generations,
                ..Queue::default()
            };
            self.queues.insert(name.to_owned(), queue);
        }
        self.queues.get_mut(name).unwrap()
    }

    pub fn enqueue(&mut self, mut job: Job) {
        self.places += 1;
        job.place = self.places;
        let queue = self.queue(&job.queue.clone());
        job.generation = queue.generation;
        queue.jobs.push(job);
    }

    pub fn insert(&mut self, set: SetName, at: Timestamp, job: Job) {
        let entries = self.sets.get_mut(&set).unwrap();
        let index = entries.partition_point(|(other, _)| *other <= at);
        entries.insert(index, (at, job));
        let excess = entries.len().saturating_sub(DEAD_JOBS_MAX);
        if set == SetName::Dead && self.mutant != Mutant::DeadWithoutLimit {
            entries.drain(..excess);
        }
    }

    pub fn push(&mut self, job: Job, at: Option<Timestamp>) {
        match at {
            Some(at) if at > self.now => self.insert(SetName::Scheduled, at, job),
            _ => self.enqueue(job),
        }
    }

    /// The job a FETCH over these queues gets, if any; it is the caller who reserves it.
    pub fn take(&mut self, queues: &[String]) -> Option<Job> {
        let mut queues: Vec<&String> = queues.iter().collect();
        if self.mutant == Mutant::RightMostQueueFirst {
            queues.reverse();
        }
        for name in queues {
            let ignores_pause = self.mutant == Mutant::PausedQueueFetched;
            if let Some(queue) = self.queues.get_mut(name)
                && (!queue.paused || ignores_pause)
                && !queue.jobs.is_empty()
            {
                return Some(queue.jobs.remove(0));
            }
        }
        None
    }

    /// The index of the reservation that a worker means by a job id.
    pub fn meant(&self, jid: &str, wid: &str) -> Option<usize> {
        let mut held: Vec<usize> = (0..self.working.len())
            .filter(|index| self.working[*index].job.jid == jid)
            .collect();
        held.sort_by_key(|index| (self.working[*index].reserved_at, self.working[*index].key));
        if let Some(own) = held.iter().find(|index| self.working[**index].wid == wid) {
            return Some(*own);
        }
        let ended = self.ends.contains(&(jid.to_owned(), wid.to_owned()));
        if ended && self.mutant != Mutant::StrangerEndsAnothersJob {
            return None;
        }
        held.first().copied()
    }

    pub fn ack(&mut self, jid: &str, wid: &str) {
        if let Some(index) = self.meant(jid, wid) {
            self.processed += 1;
            if self.mutant != Mutant::AckForgetsNothing {
                self.working.remove(index);
            }
        }
    }

    /// Tells whether the job was found.
    pub fn fail(&mut self, jid: &str, wid: &str) -> bool {
        let Some(index) = self.meant(jid, wid) else {
            return false;
        };
        let job = self.working.remove(index).job;
        self.fail_job(job);
        true
    }

    fn fail_job(&mut self, mut job: Job) {
        self.processed += 1;
        self.failures += 1;
        let limit = job.retry - i64::from(self.mutant == Mutant::OneRetryTooFew);
        let before = job.failures;
        job.failures += 1;
        if job.retry == 0 {
            return;
        }
        if before < limit {
            let at = self.now.plus_secs(job.delay_secs);
            self.insert(SetName::Retries, at, job);
        } else {
            self.bury(job);
        }
    }

    pub fn bury(&mut self, job: Job) {
        let at = self.now.plus_secs(DEAD_TTL_SECS);
        self.insert(SetName::Dead, at, job);
    }

    pub fn release(&mut self, index: usize) {
        let mut job = self.working.remove(index).job;
        let to_the_tail = self.mutant == Mutant::ReturnedToTheTail;
        self.fronts -= 1;
        let front = self.fronts;
        let queue = self.queue(&job.queue.clone());
        if job.generation != queue.generation {
            job.generation = queue.generation;
            job.place = front;
        }
        let place = queue.jobs.partition_point(|other| other.place < job.place);
        let place = if to_the_tail { queue.jobs.len() } else { place };
        queue.jobs.insert(place, job);
    }

    pub fn promote(&mut self) {
        if self.mutant == Mutant::PromotionForgotten {
            return;
        }
        for set in [SetName::Scheduled, SetName::Retries] {
            let entries = self.sets.get_mut(&set).unwrap();
            let due = entries.partition_point(|(at, _)| *at <= self.now);
            let due: Vec<Job> = entries.drain(..due).map(|(_, job)| job).collect();
            due.into_iter().for_each(|job| self.enqueue(job));
        }
    }

    pub fn expire(&mut self) {
        let now = self.now;
        let mut ending: Vec<Work> = self
            .working
            .iter()
            .filter(|work| work.expires_at <= now)
            .cloned()
            .collect();
        ending.sort_by_key(|work| (work.expires_at, work.key));
        self.working.retain(|work| work.expires_at > now);
        for work in ending {
            self.remember(&work);
            self.fail_job(work.job);
        }
    }

    pub fn recover(&mut self, alive: &BTreeSet<String>) {
        let mut lost: Vec<Work> = self
            .working
            .iter()
            .filter(|work| !work.wid.is_empty() && !alive.contains(&work.wid))
            .filter(|work| work.reserved_at.plus_secs(60) <= self.now)
            .cloned()
            .collect();
        lost.sort_by_key(|work| (work.wid.clone(), work.reserved_at, work.key));
        for work in lost {
            self.remember(&work);
            let index = self
                .working
                .iter()
                .position(|other| other.key == work.key)
                .unwrap();
            let now = self.now;
            let recovered_at = &mut self.working[index].job.recovered_at;
            recovered_at.retain(|at| *at > now.plus_secs(-72 * 3_600));
            recovered_at.push(now);
            if recovered_at.len() < 3 {
                self.release(index);
                continue;
            }
            let mut job = self.working.remove(index).job;
            self.processed += 1;
            self.failures += 1;
            job.failures += 1;
            job.recovered_at.clear();
            self.bury(job);
        }
    }

    fn remember(&mut self, work: &Work) {
        if !work.wid.is_empty() {
            self.ends.insert((work.job.jid.clone(), work.wid.clone()));
        }
    }

    pub fn purge(&mut self) {
        let now = self.now;
        self.sets
            .get_mut(&SetName::Dead)
            .unwrap()
            .retain(|(at, _)| *at > now);
    }

    pub fn remove_queue(&mut self, name: &str) {
        if self.mutant == Mutant::RemoveTakesReservedJobs {
            self.working.retain(|work| work.job.queue != name);
        }
        self.queues.remove(name);
    }

    pub fn flush(&mut self) {
        let waiting = std::mem::take(&mut self.waiting);
        let (places, fronts, generations) = (self.places, self.fronts, self.generations);
        *self = Self {
            waiting,
            places,
            fronts,
            generations,
            ..Self::new(self.mutant, self.now)
        };
    }
}
