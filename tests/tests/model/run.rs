//! Does the steps to a server and to the model, and compares.

use proptest::prelude::*;
use proptest::test_runner::TestCaseError;
use serde_json::{Value, json};
use workmill_tests::{Client, Server, instant_in};

use crate::model::{Job, Model, jid};
use crate::step::{Filter, JOBTYPES, QUEUES, SETS, Step, WIDS};

/// A server, a connection to it for each worker, and what they should be like.
pub(crate) struct Run {
    server: Server,
    clients: Vec<Client>,
    model: Model,
}

impl Run {
    pub(crate) fn new() -> Self {
        let server = Server::start();
        Self {
            server,
            clients: Vec::new(),
            model: Model::default(),
        }
    }

    /// Connects afresh: a case that failed may have left a reply unread.
    pub(crate) fn reconnect(&mut self) {
        self.clients = WIDS.iter().map(|wid| self.server.worker(wid)).collect();
    }

    fn client(&mut self) -> &mut Client {
        &mut self.clients[0]
    }

    /// Does one step and compares.
    pub(crate) fn take(&mut self, step: &Step) -> Result<(), TestCaseError> {
        match step {
            Step::Push {
                queue,
                jobtype,
                retry,
                later,
            } => self.push(*queue, *jobtype, *retry, *later),
            Step::PushBulk { queue, jobs } => self.push_bulk(*queue, *jobs),
            Step::Fetch {
                worker,
                first,
                count,
            } => self.fetch(*worker, *first, *count)?,
            Step::Ack { worker, index } => self.end_job(*worker, *index, "ACK"),
            Step::Fail { worker, index } => self.end_job(*worker, *index, "FAIL"),
            Step::Mutate {
                cmd,
                target,
                filter,
            } => self.mutate(cmd, target, filter),
            Step::Queue { subcommand, queue } => self.change_queue(subcommand, QUEUES[*queue]),
            Step::Flush => {
                self.client().ok("FLUSH");
                self.model.flush();
            }
            Step::Restart { kill } => self.restart(*kill),
        }
        self.compare()
    }

    fn push(&mut self, queue: usize, jobtype: usize, retry: i64, later: bool) {
        let job = self.model.new_job(QUEUES[queue], JOBTYPES[jobtype], retry);
        let mut payload = job.payload();
        if later {
            payload["at"] = json!(instant_in(3600));
        }
        self.client().push(&payload);
        if later {
            self.model.sets.entry("scheduled").or_default().push(job);
        } else {
            self.model.enqueue(job);
        }
    }

    fn push_bulk(&mut self, queue: usize, count: usize) {
        let jobs: Vec<Job> = (0..count)
            .map(|_| self.model.new_job(QUEUES[queue], JOBTYPES[0], 25))
            .collect();
        let payloads: Vec<Value> = jobs.iter().map(Job::payload).collect();
        assert_eq!(self.client().push_bulk(&payloads), json!({}));
        for job in jobs {
            self.model.enqueue(job);
        }
    }

    /// Fetches from some queues in some order, unless that would be to wait in vain.
    fn fetch(&mut self, worker: usize, first: usize, count: usize) -> Result<(), TestCaseError> {
        let queues: Vec<&'static str> = (first..first + count)
            .map(|index| QUEUES[index % QUEUES.len()])
            .collect();
        let fetchable = self.model.fetchable(&queues);
        if fetchable.is_empty() {
            return Ok(());
        }
        let fetched = self.clients[worker].fetch(&queues.join(" "));
        prop_assert!(
            fetched.is_some(),
            "nothing fetched though there is {fetchable:?}"
        );
        let fetched = fetched.unwrap_or_default();
        let Some(job) = fetchable
            .into_iter()
            .find(|job| fetched["args"] == json!([job.serial]))
        else {
            return Err(TestCaseError::fail(format!(
                "{fetched} is not first in {queues:?}"
            )));
        };
        let mut expected = job.payload();
        for filled_in in ["created_at", "enqueued_at", "at", "failure"] {
            if let Some(value) = fetched.get(filled_in) {
                expected[filled_in] = value.clone();
            }
        }
        prop_assert_eq!(&fetched, &expected);
        let retry_count = fetched["failure"]["retry_count"].as_i64();
        prop_assert_eq!(
            retry_count,
            (job.failures > 0).then(|| job.failures - 1),
            "{}",
            fetched
        );
        self.model.hand_out(job, WIDS[worker]);
        Ok(())
    }

    /// A worker ends one of the jobs that are being worked on, its own or another's, or one that is not.
    fn end_job(&mut self, worker: usize, index: usize, verb: &str) {
        let working = &self.model.working;
        let jid = match index.checked_rem(working.len()) {
            Some(index) => working[index].jid(),
            None => "no-such-job".to_owned(),
        };
        let reply = self.clients[worker].cmd(format!("{verb} {}", json!({"jid": jid})));
        let job = self.model.take_held(&jid, WIDS[worker]);
        assert_eq!(
            reply.is_ok(),
            verb == "ACK" || job.is_some(),
            "{verb} {jid}: {reply:?}"
        );
        if let Some(job) = job {
            self.model.processed += 1;
            if verb == "FAIL" {
                self.model.fail(job);
            }
        }
    }

    fn mutate(&mut self, cmd: &str, target: &'static str, filter: &Filter) {
        let serial = |number: &usize| number % (self.model.pushed + 1);
        let filter = match filter {
            Filter::Jid(number) => Filter::Jid(serial(number)),
            Filter::Glob(number) => Filter::Glob(serial(number)),
            other => other.clone(),
        };
        let json = match filter {
            Filter::All => json!({}),
            Filter::Jobtype(jobtype) => json!({"jobtype": JOBTYPES[jobtype]}),
            Filter::Jid(serial) => json!({"jids": [jid(serial)]}),
            Filter::Glob(serial) => json!({"regexp": format!("*\"args\":\\[{serial}\\]*")}),
        };
        let mutation = json!({"cmd": cmd, "target": target, "filter": json});
        self.client().ok(format!("MUTATE {mutation}"));
        self.model.mutate(cmd, target, |job| match filter {
            Filter::All => true,
            Filter::Jobtype(jobtype) => job.jobtype == JOBTYPES[jobtype],
            Filter::Jid(serial) => job.jid() == jid(serial),
            Filter::Glob(serial) => job.serial == serial,
        });
    }

    fn change_queue(&mut self, subcommand: &str, queue: &'static str) {
        self.client().ok(format!("QUEUE {subcommand} {queue}"));
        match subcommand {
            "PAUSE" => {
                // From its pause on a queue is known, though nothing was ever pushed to it.
                self.model.queues.entry(queue).or_default();
                self.model.paused.insert(queue);
            }
            "RESUME" => {
                self.model.paused.remove(queue);
            }
            _ => {
                self.model.queues.remove(queue);
                self.model.paused.remove(queue);
            }
        }
    }

    fn restart(&mut self, kill: bool) {
        if kill {
            self.server.kill9();
            self.server.start_again();
        } else {
            self.server.restart();
        }
        self.reconnect();
    }

    fn compare(&mut self) -> Result<(), TestCaseError> {
        let mut info = self.client().info()["faktory"].take();
        if let Some(info) = info.as_object_mut() {
            info.remove("tasks");
        }
        prop_assert_eq!(info, self.model.info());
        Ok(())
    }

    /// Fetches everything there is, from everywhere, and acknowledges it.
    pub(crate) fn drain(&mut self) -> Result<(), TestCaseError> {
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
                filter: Filter::All,
            })?;
        }
        while self.model.queues.values().any(|jobs| !jobs.is_empty()) {
            self.take(&Step::Fetch {
                worker: 1,
                first: 0,
                count: 3,
            })?;
        }
        while !self.model.working.is_empty() {
            self.take(&Step::Ack {
                worker: 2,
                index: 0,
            })?;
        }
        Ok(())
    }
}
