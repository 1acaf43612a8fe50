//! Where every job is, and the rules by which it moves.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

/// As many jobs in a row get the same jid.
const JOBS_PER_JID: usize = 3;

/// A job somewhere.
#[derive(Clone, Debug)]
pub(crate) struct Job {
    /// Its number, which is in its arguments: no other job has it.
    pub(crate) serial: usize,
    pub(crate) queue: &'static str,
    pub(crate) jobtype: &'static str,
    pub(crate) retry: i64,
    pub(crate) failures: i64,
    /// Jobs that entered their queue by one MUTATE share it: their order among each other is not promised.
    pub(crate) turn: usize,
    /// Who works on it, while somebody does.
    pub(crate) wid: &'static str,
}

impl Job {
    /// Its jid, which the jobs pushed before or after it have too.
    pub(crate) fn jid(&self) -> String {
        jid(self.serial)
    }

    /// What to push. With a delay of its own, so that it does not come back by itself while the test runs.
    pub(crate) fn payload(&self) -> Value {
        json!({"jid": self.jid(), "queue": self.queue, "jobtype": self.jobtype, "args": [self.serial],
               "retry": self.retry, "custom": {"retry_delays": [3600]}})
    }
}

/// The jid of the job with this number.
pub(crate) fn jid(serial: usize) -> String {
    format!("jid-{:06}", serial / JOBS_PER_JID)
}

/// What the server should be like.
#[derive(Debug, Default)]
pub(crate) struct Model {
    /// How many jobs there ever were.
    pub(crate) pushed: usize,
    turns: usize,
    pub(crate) queues: BTreeMap<&'static str, Vec<Job>>,
    pub(crate) paused: BTreeSet<&'static str>,
    /// The oldest reservation first.
    pub(crate) working: Vec<Job>,
    pub(crate) sets: BTreeMap<&'static str, Vec<Job>>,
    pub(crate) processed: u64,
    pub(crate) failed: u64,
}

impl Model {
    pub(crate) fn new_job(
        &mut self,
        queue: &'static str,
        jobtype: &'static str,
        retry: i64,
    ) -> Job {
        self.pushed += 1;
        Job {
            serial: self.pushed,
            queue,
            jobtype,
            retry,
            failures: 0,
            turn: 0,
            wid: "",
        }
    }

    pub(crate) fn enqueue(&mut self, job: Job) {
        let turn = self.next_turn();
        self.enqueue_in(job, turn);
    }

    fn enqueue_in(&mut self, mut job: Job, turn: usize) {
        job.turn = turn;
        self.queues.entry(job.queue).or_default().push(job);
    }

    fn next_turn(&mut self) -> usize {
        self.turns += 1;
        self.turns
    }

    /// The jobs of which one must be fetched.
    pub(crate) fn fetchable(&self, queues: &[&'static str]) -> Vec<Job> {
        let mut open = queues.iter().filter(|queue| !self.paused.contains(**queue));
        let jobs = open.find_map(|queue| self.queues.get(queue).filter(|jobs| !jobs.is_empty()));
        let jobs = jobs.map(Vec::as_slice).unwrap_or_default();
        let turn = jobs.iter().map(|job| job.turn).min();
        jobs.iter()
            .filter(|job| Some(job.turn) == turn)
            .cloned()
            .collect()
    }

    /// The job with this number is with a worker now.
    pub(crate) fn hand_out(&mut self, job: Job, wid: &'static str) {
        self.queues
            .entry(job.queue)
            .or_default()
            .retain(|other| other.serial != job.serial);
        self.working.push(Job { wid, ..job });
    }

    /// Takes the job that a worker means by a jid: one of its own, else the one that is held longest.
    pub(crate) fn take_held(&mut self, jid: &str, wid: &str) -> Option<Job> {
        let held = |job: &Job| job.jid() == jid;
        let own = self
            .working
            .iter()
            .position(|job| held(job) && job.wid == wid);
        let index = own.or_else(|| self.working.iter().position(held))?;
        Some(self.working.remove(index))
    }

    pub(crate) fn fail(&mut self, mut job: Job) {
        self.failed += 1;
        job.failures += 1;
        match job.retry {
            0 => {}
            retry if job.failures <= retry => self.sets.entry("retries").or_default().push(job),
            _ => self.sets.entry("dead").or_default().push(job),
        }
    }

    pub(crate) fn mutate(
        &mut self,
        cmd: &str,
        target: &'static str,
        is_meant: impl Fn(&Job) -> bool,
    ) {
        let all = self.sets.remove(target).unwrap_or_default();
        let (meant, spared) = all
            .into_iter()
            .partition::<Vec<Job>, _>(|job| cmd == "clear" || is_meant(job));
        self.sets.insert(target, spared);
        match cmd {
            "kill" => self.sets.entry("dead").or_default().extend(meant),
            "requeue" => {
                let turn = self.next_turn();
                for job in meant {
                    self.enqueue_in(job, turn);
                }
            }
            _ => {}
        }
    }

    pub(crate) fn flush(&mut self) {
        let (pushed, turns) = (self.pushed, self.turns);
        *self = Self {
            pushed,
            turns,
            ..Self::default()
        };
    }

    /// What INFO says of it all.
    pub(crate) fn info(&self) -> Value {
        let sizes: BTreeMap<&str, usize> = self
            .queues
            .iter()
            .map(|(queue, jobs)| (*queue, jobs.len()))
            .collect();
        let set = |name: &str| self.sets.get(name).map_or(0, Vec::len);
        json!({
            "queues": sizes,
            "sets": {"scheduled": set("scheduled"), "retries": set("retries"), "dead": set("dead"),
                     "working": self.working.len()},
            "total_processed": self.processed,
            "total_failures": self.failed,
            "total_expired": 0,
            "total_enqueued": sizes.values().sum::<usize>(),
            "total_queues": sizes.len(),
        })
    }
}
