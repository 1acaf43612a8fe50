//! All that there is: jobs, where they are, and what features keep of them.

use std::collections::{BTreeMap, BTreeSet};

use workmill_proto::{SetName, SteadyTime, Timestamp};
use workmill_store::{CallbackKind, JobLock, LockKey, Track};

use super::batches::Batch;
use super::locks::Lock;
use super::mutant::Mutant;
use super::throttles::Limits;
use super::trash::Trash;

pub const DEAD_JOBS_MAX: usize = 4;
pub const DEAD_TTL_SECS: i64 = 1_500;
pub const COMPLETED_JOBS_MAX: usize = 5;
pub const UNCOMMITTED_SECS: i64 = 120;
pub const COMMITTED_SECS: i64 = 400;

#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Job {
    /// Tells copies of a job id apart.
    pub number: i64,
    pub jid: String,
    pub queue: String,
    pub retry: i64,
    pub delay_secs: i64,
    pub reserve_for_secs: i64,
    pub failures: i64,
    pub recovered_at: Vec<SteadyTime>,
    pub enqueued_at: Option<Timestamp>,
    pub expires_at: Option<Timestamp>,
    pub lock: Option<JobLock>,
    /// Which batch, and which of its members.
    pub member: Option<(usize, usize)>,
    pub callback: Option<(usize, CallbackKind)>,
    pub tracked: bool,
    /// Its place in the line.
    pub place: i64,
    /// Which of all that were buried it is.
    pub burial: u64,
    /// Which queue of its name it was in: a removed queue's jobs do not get their place back.
    pub generation: u64,
}

#[derive(Clone, Debug)]
pub struct Work {
    pub job: Job,
    pub wid: String,
    pub connection: u64,
    pub key: i64,
    pub reserved_at: SteadyTime,
    pub expires_at: SteadyTime,
}

#[derive(Clone, Debug)]
pub struct Waiting {
    pub ticket: u64,
    pub queues: Vec<String>,
    pub wid: String,
    pub connection: u64,
    pub deadline: SteadyTime,
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
    /// For how long jobs are kept that are done; 0 for not at all.
    pub completed_secs: i64,
    pub now: SteadyTime,
    /// By how many seconds the wall clock was set, forward or back.
    pub clock_set_secs: i64,
    pub queues: BTreeMap<String, Queue>,
    pub working: Vec<Work>,
    /// Jobs that are about to go back to their queues.
    pub released: Vec<Work>,
    /// Each with its time in microseconds, on the clock its set goes by.
    pub sets: BTreeMap<SetName, Vec<(i64, Job)>>,
    pub ends: BTreeSet<(String, String)>,
    pub waiting: Vec<Waiting>,
    pub processed: u64,
    pub failures: u64,
    pub expired: u64,
    pub locks: BTreeMap<LockKey, Lock>,
    /// Of all locks there ever were.
    pub keys: BTreeSet<LockKey>,
    /// All batches ever made; those that are no more are marked.
    pub batches: Vec<Batch>,
    pub tracks: BTreeMap<String, Track>,
    pub limits: BTreeMap<&'static str, Limits>,
    /// How much of tokens each queue with a rate has, in nanoseconds, and since when.
    pub credits: BTreeMap<&'static str, (i128, SteadyTime)>,
    /// Jobs of removed queues and cleared sets: batches wait for them until they are swept.
    pub unswept: Vec<Job>,
    /// What operators took away, by action.
    pub trash: BTreeMap<u64, Trash>,
    pub last_action: u64,
    pub(super) burials: u64,
    pub(super) places: i64,
    pub(super) fronts: i64,
    pub(super) generations: u64,
}

impl Naive {
    pub fn new(mutant: Mutant, now: SteadyTime) -> Self {
        Self {
            mutant,
            completed_secs: 0,
            now,
            clock_set_secs: 0,
            queues: BTreeMap::new(),
            working: Vec::new(),
            released: Vec::new(),
            sets: SetName::ALL
                .into_iter()
                .map(|set| (set, Vec::new()))
                .collect(),
            ends: BTreeSet::new(),
            waiting: Vec::new(),
            processed: 0,
            failures: 0,
            expired: 0,
            locks: BTreeMap::new(),
            keys: BTreeSet::new(),
            batches: Vec::new(),
            tracks: BTreeMap::new(),
            limits: BTreeMap::new(),
            credits: BTreeMap::new(),
            unswept: Vec::new(),
            trash: BTreeMap::new(),
            last_action: 0,
            burials: 0,
            places: 0,
            fronts: 0,
            generations: 0,
        }
    }

    /// What the wall clock shows. Both began together.
    pub fn wall(&self) -> Timestamp {
        Timestamp::from_micros(self.now.as_micros()).plus_secs(self.clock_set_secs)
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

    pub fn remove_queue(&mut self, name: &str) {
        if self.mutant == Mutant::RemoveTakesReservedJobs {
            self.working.retain(|work| work.job.queue != name);
        }
        let removed = self.queues.remove(name);
        self.unswept
            .extend(removed.into_iter().flat_map(|queue| queue.jobs));
    }

    /// The server starts over: what is only in memory is lost.
    pub fn restart(&mut self) {
        self.waiting.clear();
        self.credits.clear();
        for work in &mut self.working {
            work.connection = 0;
        }
    }

    pub fn flush(&mut self) {
        let old = self.clone();
        *self = Self {
            completed_secs: old.completed_secs,
            waiting: old.waiting,
            limits: old.limits,
            credits: old.credits,
            batches: old.batches,
            keys: old.keys,
            last_action: old.last_action,
            burials: old.burials,
            places: old.places,
            fronts: old.fronts,
            generations: old.generations,
            clock_set_secs: old.clock_set_secs,
            ..Self::new(old.mutant, old.now)
        };
        for batch in &mut self.batches {
            batch.gone = true;
        }
    }
}
