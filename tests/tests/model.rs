//! Random commands, restarts and kills, against a model of a few lines: no job is lost, doubled, or in two places.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};
use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in};

const QUEUES: [&str; 3] = ["alpha", "beta", "gamma"];
const JOBTYPES: [&str; 2] = ["Mail", "Report"];
const SETS: [&str; 3] = ["scheduled", "retries", "dead"];

#[derive(Clone, Debug)]
enum Step {
    Push {
        queue: usize,
        jobtype: usize,
        retry: i64,
        later: bool,
    },
    PushBulk {
        queue: usize,
        jobs: usize,
    },
    Fetch {
        first: usize,
        count: usize,
    },
    Ack {
        index: usize,
    },
    Fail {
        index: usize,
    },
    Mutate {
        cmd: &'static str,
        target: &'static str,
        jobtype: Option<usize>,
    },
    Queue {
        subcommand: &'static str,
        queue: usize,
    },
    Flush,
    Restart {
        kill: bool,
    },
}

fn any_step() -> impl Strategy<Value = Step> {
    let retry = prop_oneof![Just(-1), Just(0), Just(1), Just(2), Just(25)];
    let cmd = proptest::sample::select(vec!["clear", "kill", "discard", "requeue", "requeue"]);
    let subcommand = proptest::sample::select(vec!["PAUSE", "RESUME", "RESUME", "REMOVE"]);
    prop_oneof![
        12 => (0..3usize, 0..2usize, retry, any::<bool>())
            .prop_map(|(queue, jobtype, retry, later)| Step::Push { queue, jobtype, retry, later }),
        3 => (0..3usize, 1..6usize).prop_map(|(queue, jobs)| Step::PushBulk { queue, jobs }),
        20 => (0..3usize, 1..4usize).prop_map(|(first, count)| Step::Fetch { first, count }),
        8 => (0..100usize).prop_map(|index| Step::Ack { index }),
        10 => (0..100usize).prop_map(|index| Step::Fail { index }),
        8 => (cmd, proptest::sample::select(SETS.to_vec()), proptest::option::of(0..2usize))
            .prop_map(|(cmd, target, jobtype)| Step::Mutate { cmd, target, jobtype }),
        4 => (subcommand, 0..3usize).prop_map(|(subcommand, queue)| Step::Queue { subcommand, queue }),
        1 => Just(Step::Flush),
        2 => any::<bool>().prop_map(|kill| Step::Restart { kill }),
    ]
}

#[derive(Clone, Debug)]
struct Job {
    jid: String,
    queue: &'static str,
    jobtype: &'static str,
    retry: i64,
    failures: i64,
    /// Jobs that entered their queue by one MUTATE share it: their order among each other is not promised.
    turn: usize,
}

#[derive(Default)]
struct Model {
    pushed: usize,
    turns: usize,
    queues: BTreeMap<&'static str, Vec<Job>>,
    paused: BTreeSet<&'static str>,
    working: Vec<Job>,
    sets: BTreeMap<&'static str, Vec<Job>>,
    processed: u64,
    failed: u64,
}

impl Model {
    fn new_job(&mut self, queue: &'static str, jobtype: &'static str, retry: i64) -> Job {
        self.pushed += 1;
        let jid = format!("jid-{:06}", self.pushed);
        Job {
            jid,
            queue,
            jobtype,
            retry,
            failures: 0,
            turn: 0,
        }
    }

    fn enqueue(&mut self, mut job: Job, turn: usize) {
        job.turn = turn;
        self.queues.entry(job.queue).or_default().push(job);
    }

    fn next_turn(&mut self) -> usize {
        self.turns += 1;
        self.turns
    }

    /// The jobs of which one must be fetched.
    fn fetchable(&self, queues: &[&'static str]) -> Vec<Job> {
        let ready = |queue: &&&str| {
            !self.paused.contains(**queue)
                && self
                    .queues
                    .get(**queue)
                    .is_some_and(|jobs| !jobs.is_empty())
        };
        let Some(queue) = queues.iter().find(ready) else {
            return Vec::new();
        };
        let jobs = &self.queues[queue];
        let turn = jobs.iter().map(|job| job.turn).min();
        jobs.iter()
            .filter(|job| Some(job.turn) == turn)
            .cloned()
            .collect()
    }

    fn fail(&mut self, mut job: Job) {
        self.processed += 1;
        self.failed += 1;
        job.failures += 1;
        match job.retry {
            0 => {}
            retry if job.failures <= retry => self.sets.entry("retries").or_default().push(job),
            _ => self.sets.entry("dead").or_default().push(job),
        }
    }

    fn mutate(&mut self, cmd: &str, target: &'static str, jobtype: Option<&str>) {
        let all = self.sets.remove(target).unwrap_or_default();
        let is_meant =
            |job: &Job| cmd == "clear" || jobtype.is_none_or(|jobtype| job.jobtype == jobtype);
        let (meant, spared) = all.into_iter().partition::<Vec<Job>, _>(is_meant);
        self.sets.insert(target, spared);
        match cmd {
            "kill" => self.sets.entry("dead").or_default().extend(meant),
            "requeue" => {
                let turn = self.next_turn();
                for job in meant {
                    self.enqueue(job, turn);
                }
            }
            _ => {}
        }
    }

    fn flush(&mut self) {
        let (pushed, turns) = (self.pushed, self.turns);
        *self = Self {
            pushed,
            turns,
            ..Self::default()
        };
    }
}

/// A server, a connection to it, and what they should be like.
struct Run {
    server: Server,
    client: Client,
    model: Model,
}

impl Run {
    fn new() -> Self {
        let server = Server::start();
        let client = server.worker("worker-1");
        Self {
            server,
            client,
            model: Model::default(),
        }
    }

    fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match *step {
            Step::Push {
                queue,
                jobtype,
                retry,
                later,
            } => self.push(queue, jobtype, retry, later),
            Step::PushBulk { queue, jobs } => self.push_bulk(queue, jobs),
            Step::Fetch { first, count } => self.fetch(first, count)?,
            Step::Ack { index } => self.end_job(index, "ACK"),
            Step::Fail { index } => self.end_job(index, "FAIL"),
            Step::Mutate {
                cmd,
                target,
                jobtype,
            } => {
                let jobtype = jobtype.map(|jobtype| JOBTYPES[jobtype]);
                let mutation =
                    json!({"cmd": cmd, "target": target, "filter": {"jobtype": jobtype}});
                self.client.ok(format!("MUTATE {mutation}"));
                self.model.mutate(cmd, target, jobtype);
            }
            Step::Queue { subcommand, queue } => {
                let queue = QUEUES[queue];
                self.client.ok(format!("QUEUE {subcommand} {queue}"));
                match subcommand {
                    "PAUSE" => {
                        // From its pause on a queue is known, though nothing was ever pushed to it.
                        self.model.queues.entry(queue).or_default();
                        self.model.paused.insert(queue)
                    }
                    "RESUME" => self.model.paused.remove(queue),
                    _ => {
                        self.model.queues.remove(queue).is_some() | self.model.paused.remove(queue)
                    }
                };
            }
            Step::Flush => {
                self.client.ok("FLUSH");
                self.model.flush();
            }
            Step::Restart { kill } => {
                if kill {
                    self.server.kill9();
                    self.server.start_again();
                } else {
                    self.server.restart();
                }
                self.client = self.server.worker("worker-1");
            }
        }
        self.compare()
    }

    fn payload(job: &Job) -> Value {
        // A delay of its own, so that no job comes back by itself while the test runs.
        json!({"jid": job.jid, "queue": job.queue, "jobtype": job.jobtype, "args": [job.jid], "retry": job.retry,
               "custom": {"retry_delays": [3600]}})
    }

    fn push(&mut self, queue: usize, jobtype: usize, retry: i64, later: bool) {
        let job = self.model.new_job(QUEUES[queue], JOBTYPES[jobtype], retry);
        let mut payload = Self::payload(&job);
        if later {
            payload["at"] = json!(instant_in(3600));
        }
        self.client.push(&payload);
        if later {
            self.model.sets.entry("scheduled").or_default().push(job);
        } else {
            let turn = self.model.next_turn();
            self.model.enqueue(job, turn);
        }
    }

    fn push_bulk(&mut self, queue: usize, count: usize) {
        let jobs: Vec<Job> = (0..count)
            .map(|_| self.model.new_job(QUEUES[queue], JOBTYPES[0], 25))
            .collect();
        let payloads: Vec<Value> = jobs.iter().map(Self::payload).collect();
        assert_eq!(self.client.push_bulk(&payloads), json!({}));
        for job in jobs {
            let turn = self.model.next_turn();
            self.model.enqueue(job, turn);
        }
    }

    /// Fetches from some queues in some order, unless that would be to wait in vain.
    fn fetch(&mut self, first: usize, count: usize) -> Result<(), TestCaseError> {
        let queues: Vec<&'static str> = (first..first + count)
            .map(|index| QUEUES[index % QUEUES.len()])
            .collect();
        let fetchable = self.model.fetchable(&queues);
        if fetchable.is_empty() {
            return Ok(());
        }
        let fetched = self.client.fetch(&queues.join(" "));
        prop_assert!(
            fetched.is_some(),
            "nothing fetched though there is {fetchable:?}"
        );
        let fetched = fetched.unwrap_or_default();
        let Some(job) = fetchable.into_iter().find(|job| fetched["jid"] == job.jid) else {
            return Err(TestCaseError::fail(format!(
                "{fetched} is not first in {queues:?}"
            )));
        };
        prop_assert_eq!(&fetched["args"], &json!([job.jid]));
        let retry_count = fetched["failure"]["retry_count"].as_i64();
        prop_assert_eq!(
            retry_count,
            (job.failures > 0).then(|| job.failures - 1),
            "{}",
            fetched
        );
        let queue = self.model.queues.entry(job.queue).or_default();
        queue.retain(|other| other.jid != job.jid);
        self.model.working.push(job);
        Ok(())
    }

    /// Ends one of the jobs that are being worked on, or one that is not.
    fn end_job(&mut self, index: usize, verb: &str) {
        if self.model.working.is_empty() {
            let reply = self
                .client
                .cmd(format!(r#"{verb} {{"jid":"no-such-job"}}"#));
            assert_eq!(reply.is_ok(), verb == "ACK");
            return;
        }
        let index = index % self.model.working.len();
        let job = self.model.working.remove(index);
        self.client
            .ok(format!("{verb} {}", json!({"jid": job.jid})));
        if verb == "ACK" {
            self.model.processed += 1;
        } else {
            self.model.fail(job);
        }
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let info = self.client.info()["faktory"].clone();
        let sizes: BTreeMap<&str, usize> = self
            .model
            .queues
            .iter()
            .map(|(queue, jobs)| (*queue, jobs.len()))
            .collect();
        prop_assert_eq!(&info["queues"], &json!(sizes));
        let set = |name: &str| self.model.sets.get(name).map_or(0, Vec::len);
        let sets = json!({"scheduled": set("scheduled"), "retries": set("retries"), "dead": set("dead"),
                          "working": self.model.working.len()});
        prop_assert_eq!(&info["sets"], &sets);
        prop_assert_eq!(&info["total_processed"], &json!(self.model.processed));
        prop_assert_eq!(&info["total_failures"], &json!(self.model.failed));
        Ok(())
    }

    /// Fetches everything there is, from everywhere.
    fn drain(&mut self) -> Result<(), TestCaseError> {
        for queue in 0..QUEUES.len() {
            self.take(&Step::Queue {
                subcommand: "RESUME",
                queue,
            })?;
        }
        for target in SETS {
            self.take(&Step::Mutate {
                cmd: "requeue",
                target,
                jobtype: None,
            })?;
        }
        while self.model.queues.values().any(|jobs| !jobs.is_empty()) {
            self.take(&Step::Fetch { first: 0, count: 3 })?;
        }
        while !self.model.working.is_empty() {
            self.take(&Step::Ack { index: 0 })?;
        }
        Ok(())
    }
}

#[test]
fn random_commands_and_restarts_agree_with_the_model() {
    let run = RefCell::new(Run::new());
    let mut runner = TestRunner::new(Config {
        cases: 40,
        max_shrink_iters: 200,
        failure_persistence: None,
        ..Config::default()
    });
    let result = runner.run(&proptest::collection::vec(any_step(), 1..80), |steps| {
        let run = &mut *run.borrow_mut();
        // A connection of its own, as a case that failed may have left a reply unread.
        run.client = run.server.worker("worker-1");
        run.take(&Step::Flush)?;
        for step in &steps {
            run.take(step)?;
        }
        run.drain()
    });
    result.unwrap_or_else(|failure| panic!("{failure}"));
}
