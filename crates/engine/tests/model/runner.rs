//! Runs steps on the engine and on the model, side by side.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use serde_json::{Value, json};
use workmill_engine::{
    Ack, BulkPush, Duty, Engine, Fail, Fetch, Handout, Moment, Mutate, NewJob, Op, Outcome,
    Request, Rules, Ticket,
};
use workmill_proto::{
    CustomReading, FailReport, Job as Payload, Mutation, MutationFilter, QueueCommand,
    QueueSelection, Timestamp,
};
use workmill_store::sqlite::{Durability, SqliteStore};
use workmill_store::{Store, Tx};

use crate::compare::compare;
use crate::naive::{DEAD_JOBS_MAX, DEAD_TTL_SECS, Mutant, Naive};
use crate::step::{self, Act, Push, Step, Tick};

pub struct Report {
    pub jobs_compared: u64,
}

/// Runs `steps` random steps from a seed; tells what differs, if anything does.
pub fn run(seed: u64, steps: u64, mutant: Mutant) -> Result<Report, String> {
    let dir = tempfile::tempdir().unwrap();
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut runner = Runner::new(dir.path(), mutant);
    let mut jobs_compared = 0;
    for index in 0..steps {
        let step = step::random(&mut rng);
        let text = format!("{step:?}");
        let outcome = runner
            .step(step)
            .and_then(|()| compare(runner.store.as_mut().unwrap(), &runner.naive));
        jobs_compared += outcome.map_err(|error| format!("step {index}, {text}: {error}"))?;
    }
    Ok(Report { jobs_compared })
}

pub struct Runner<'d> {
    pub dir: &'d std::path::Path,
    pub store: Option<SqliteStore>,
    pub engine: Engine,
    pub naive: Naive,
    pub tickets: u64,
    pub numbers: i64,
    pub handouts: Vec<(Handout, i64)>,
}

/// What the model expects of a ticket.
#[derive(Debug, PartialEq, Eq)]
pub enum Expected {
    Ok,
    Job(i64),
    Nothing,
    Refused,
    Totals,
    Refusals,
}

fn rules() -> Rules {
    Rules {
        dead_ttl_secs: DEAD_TTL_SECS,
        dead_jobs_max: DEAD_JOBS_MAX as u64,
        observed: true,
        ..Rules::default()
    }
}

impl<'d> Runner<'d> {
    fn new(dir: &'d std::path::Path, mutant: Mutant) -> Self {
        let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap();
        let mut runner = Self {
            dir,
            store: None,
            engine: Engine::new(rules()),
            naive: Naive::new(mutant, now),
            tickets: 0,
            numbers: 0,
            handouts: Vec::new(),
        };
        runner.restart();
        runner
    }

    /// Starts anew, and lets the grace of a start pass without anything happening.
    fn restart(&mut self) {
        self.store = None;
        let durability = Durability::Interval(Duration::from_secs(3_600));
        self.store = Some(SqliteStore::open(self.dir, durability).unwrap());
        self.engine = Engine::new(rules());
        self.naive.waiting.clear();
        for _ in 0..13 {
            self.naive.now = self.naive.now.plus_secs(5);
            self.run_group(&[], true).unwrap();
        }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Group(acts) => self.group(&acts, true),
            Step::RolledBack(acts) => {
                let naive = self.naive.clone();
                let handouts = self.handouts.clone();
                self.group(&acts, false)?;
                self.naive = naive;
                self.handouts = handouts;
                Ok(())
            }
            Step::Tick(tick) => self.tick(tick),
            Step::Pass(micros) => {
                self.naive.now = self
                    .naive
                    .now
                    .plus(Duration::from_micros(micros.unsigned_abs()));
                self.group(&[], true)
            }
            Step::Restart => {
                self.restart();
                Ok(())
            }
        }
    }

    fn tick(&mut self, tick: Tick) -> Result<(), String> {
        let duty = match tick {
            Tick::Promote => Duty::Promote,
            Tick::Expire => Duty::ExpireReservations,
            Tick::Purge => Duty::Purge,
            Tick::Sweep => Duty::Sweep,
            Tick::Recover { alive } => {
                let alive: BTreeSet<String> = alive.iter().map(|wid| (*wid).to_owned()).collect();
                self.naive.recover(&alive);
                Duty::RecoverLost {
                    alive: Arc::new(alive),
                }
            }
        };
        match duty {
            Duty::Promote => self.naive.promote(),
            Duty::ExpireReservations => self.naive.expire(),
            Duty::Purge => self.naive.purge(),
            Duty::RecoverLost { .. } | Duty::FireCron(_) | Duty::Sweep => {}
        }
        self.tickets += 1;
        let ticket = self.tickets;
        let outcomes = self.run_group(
            &[Request {
                ticket: Ticket(ticket),
                op: Op::Tick(duty),
            }],
            true,
        )?;
        let mut expected = BTreeMap::from([(ticket, Expected::Ok)]);
        self.settle(&outcomes, &mut expected)?;
        check(outcomes, &expected)
    }

    fn group(&mut self, acts: &[Act], commit: bool) -> Result<(), String> {
        let mut requests = Vec::new();
        let mut planned = Vec::new();
        for act in acts {
            self.tickets += 1;
            if let Some(op) = self.op(act) {
                requests.push(Request {
                    ticket: Ticket(self.tickets),
                    op: op.clone(),
                });
                planned.push((self.tickets, act.clone(), op));
            }
        }
        let outcomes = self.run_group(&requests, commit)?;
        if !commit {
            return Ok(());
        }
        let expected = self.predict(planned, &outcomes)?;
        check(outcomes, &expected)
    }

    /// Runs a group to its end; returns the answers.
    fn run_group(
        &mut self,
        requests: &[Request],
        commit: bool,
    ) -> Result<BTreeMap<u64, Outcome>, String> {
        let mut answers = BTreeMap::new();
        let mut requests = requests.to_vec();
        loop {
            let mut tx = self
                .store
                .as_mut()
                .unwrap()
                .begin()
                .map_err(|e| e.to_string())?;
            let moment = Moment {
                now: self.naive.now,
                seed: self.tickets,
            };
            let result = self
                .engine
                .run_group(&mut tx, moment, &requests)
                .map_err(|e| e.to_string())?;
            if !commit {
                drop(tx);
                self.engine.rolled_back();
                return Ok(answers);
            }
            tx.commit().map_err(|error| error.to_string())?;
            self.engine.committed();
            for answer in result.answers {
                if answers.insert(answer.ticket.0, answer.outcome).is_some() {
                    return Err(format!("{:?} was answered twice", answer.ticket));
                }
            }
            requests = result.unfinished;
            if requests.is_empty() {
                return Ok(answers);
            }
        }
    }

    /// The op of an act; none for one that has nothing to act on.
    fn op(&mut self, act: &Act) -> Option<Op> {
        Some(match act {
            Act::Push(push) => Op::Push(Arc::new(self.new_job(push))),
            Act::PushBulk(pushes) => {
                let jobs = pushes.iter().map(|push| Ok(self.new_job(push)));
                Op::PushBulk(BulkPush {
                    jobs: jobs.collect(),
                    next_index: 0,
                    refused: Vec::new(),
                })
            }
            Act::Fetch { queues, wid } => Op::Fetch(Fetch {
                queues: queues.iter().map(|queue| (*queue).to_owned()).collect(),
                wid: (*wid).into(),
                connection: 0,
            }),
            Act::Ack { jid, wid } => Op::Ack(Ack {
                jid: jid.clone(),
                wid: (*wid).into(),
            }),
            Act::Fail { jid, wid } => {
                let report = FailReport {
                    jid: jid.clone(),
                    errtype: "E".to_owned(),
                    message: "m".to_owned(),
                    backtrace: Vec::new(),
                };
                Op::Fail(Arc::new(Fail {
                    report,
                    wid: (*wid).into(),
                }))
            }
            Act::Return { back } => {
                let index = self.handouts.len().checked_sub(back + 1)?;
                Op::Return(vec![self.handouts[index].0])
            }
            Act::Forget { index } => Op::Forget(Ticket(self.naive.waiting.get(*index)?.ticket)),
            Act::Mutate { verb, set, jids } => {
                let filter = jids
                    .as_ref()
                    .map(|jids| MutationFilter::Jids(jids.iter().cloned().collect()));
                let mutation = Mutation {
                    verb: *verb,
                    target: *set,
                    filter,
                };
                Op::Mutate(Mutate {
                    mutation: Arc::new(mutation),
                    progress: None,
                })
            }
            Act::Pause(queue) => Op::Queue(Arc::new(QueueCommand::Pause(named(queue)))),
            Act::Resume(queue) => Op::Queue(Arc::new(QueueCommand::Resume(named(queue)))),
            Act::Remove(queue) => Op::Queue(Arc::new(QueueCommand::Remove(named(queue)))),
            Act::Flush => Op::Flush,
            Act::Info => Op::Info,
        })
    }

    fn new_job(&mut self, push: &Push) -> NewJob {
        self.numbers += 1;
        let mut payload = json!({
            "jid": push.jid, "queue": push.queue, "jobtype": "T", "args": [self.numbers],
            "retry": push.retry, "reserve_for": push.reserve_for_secs,
            "custom": { "retry_delays": [push.delay_secs] },
        });
        if let Some(secs) = push.at_secs {
            payload["at"] = Value::from(self.naive.now.plus_secs(secs).to_string());
        }
        let payload = Payload::parse(payload.to_string().as_bytes()).unwrap();
        NewJob::new(payload, self.naive.now, CustomReading::ALL).unwrap()
    }
}

fn check(
    outcomes: BTreeMap<u64, Outcome>,
    expected: &BTreeMap<u64, Expected>,
) -> Result<(), String> {
    let outcomes: BTreeMap<u64, Expected> = outcomes
        .into_iter()
        .map(|(ticket, outcome)| (ticket, summarise(outcome)))
        .collect();
    if outcomes == *expected {
        return Ok(());
    }
    Err(format!("answers are {outcomes:?}, expected {expected:?}"))
}

fn named(queue: &str) -> QueueSelection {
    QueueSelection::Named(vec![queue.to_owned()])
}

fn summarise(outcome: Outcome) -> Expected {
    match outcome {
        Outcome::Ok => Expected::Ok,
        Outcome::Job(job) => {
            let payload: Value = serde_json::from_slice(&job.body).unwrap();
            Expected::Job(payload["args"][0].as_i64().unwrap())
        }
        Outcome::Nothing => Expected::Nothing,
        Outcome::Refused(_) => Expected::Refused,
        Outcome::Totals(_) => Expected::Totals,
        Outcome::Refusals(refused) => {
            assert!(refused.is_empty());
            Expected::Refusals
        }
        other => unreachable!("no step asks for {other:?}"),
    }
}
