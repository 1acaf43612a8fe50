//! Runs steps on the engine and on the model, side by side.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use rand::SeedableRng;
use rand::rngs::SmallRng;
use workmill_engine::{
    DeliveryTag, Duty, Engine, GroupContext, Op, Request, Rules, ServerId, Ticket,
};
use workmill_proto::{SteadyTime, Timestamp};
use workmill_store::{Store, Tx};

use crate::acts::{Act, Step, Tick};
use crate::answers::{Expected, check};
use crate::backing::Backing;
use crate::compare::{compare, compare_history};
use crate::naive::{
    COMMITTED_SECS, COMPLETED_JOBS_MAX, DEAD_JOBS_MAX, DEAD_TTL_SECS, LIMITS, Mutant, Naive,
    TRASH_SECS, UNCOMMITTED_SECS, for_the_engine,
};
use crate::predict::{Expectations, Outcomes};
use crate::step;

pub struct Report {
    pub jobs_compared: u64,
}

/// Runs `steps` random steps from a seed; tells what differs, if anything does.
pub fn run<B: Backing>(seed: u64, steps: u64, mutant: Mutant) -> Result<Report, String> {
    let mut rng = SmallRng::seed_from_u64(seed);
    let mut runner = Runner::<B>::new(mutant);
    let mut jobs_compared = 0;
    for index in 0..steps {
        let step = step::random(&mut rng);
        let text = format!("{step:?}");
        let outcome = runner
            .step(step)
            .and_then(|()| runner.check_next_deadline())
            .and_then(|()| compare(runner.store.as_mut().unwrap(), &runner.naive))
            .and_then(|jobs| runner.check().map(|()| jobs));
        jobs_compared += outcome.map_err(|error| format!("step {index}, {text}: {error}"))?;
    }
    Ok(Report { jobs_compared })
}

pub struct Runner<B: Backing> {
    backing: B,
    pub store: Option<B::S>,
    pub engine: Engine,
    pub naive: Naive,
    /// When the engine was started.
    started_at: SteadyTime,
    pub tickets: u64,
    pub numbers: i64,
    pub tags: Vec<DeliveryTag>,
    /// Which of the limits hold.
    pub limits: usize,
}

fn rules(limits: usize, completed_secs: i64) -> Rules {
    Rules {
        dead_ttl_secs: DEAD_TTL_SECS,
        dead_jobs_max: DEAD_JOBS_MAX as u64,
        completed_secs,
        completed_jobs_max: COMPLETED_JOBS_MAX as u64,
        batch_uncommitted_secs: UNCOMMITTED_SECS,
        batch_committed_secs: COMMITTED_SECS,
        throttles: Arc::new(for_the_engine(LIMITS[limits])),
        trash_secs: TRASH_SECS,
        observed: true,
        ..Rules::default()
    }
}

impl<B: Backing> Runner<B> {
    /// Whether all that is kept agrees with itself, whatever the model says.
    fn check(&self) -> Result<(), String> {
        let findings = B::check(self.store.as_ref().unwrap());
        match findings.are_none() {
            true => Ok(()),
            false => Err(format!(
                "the store is inconsistent: {:?}",
                findings.problems()
            )),
        }
    }

    fn rules(&self) -> Rules {
        rules(self.limits, self.naive.completed_secs)
    }

    fn new(mutant: Mutant) -> Self {
        let now = Timestamp::parse_rfc3339("2026-03-01T10:00:00Z").unwrap();
        let now = SteadyTime::from_micros(now.as_micros());
        let mut runner = Self {
            backing: B::new(),
            store: None,
            engine: Engine::new(rules(0, 0)),
            naive: Naive::new(mutant, now),
            started_at: now,
            tickets: 0,
            numbers: 0,
            tags: Vec::new(),
            limits: 0,
        };
        runner.restart().unwrap();
        runner
    }

    /// Starts over, and lets the grace of a start pass without anything happening.
    fn restart(&mut self) -> Result<(), String> {
        if self.store.is_some() {
            for op in [Op::Drain(ServerId::LOCAL), Op::Tick(Duty::KeepClocks)] {
                let ticket = Ticket(0);
                self.run_group(&[Request { ticket, op }], true)?;
            }
            compare_history(self.store.as_mut().unwrap())?;
        }
        self.store = None;
        self.store = Some(self.backing.open());
        self.engine = Engine::new(self.rules());
        self.started_at = self.naive.now;
        self.naive.restart();
        self.run_group(&[], true)?;
        for _ in 0..13 {
            self.naive.now = self.naive.now.plus_secs(5);
            self.naive.set_limits(LIMITS[self.limits]);
            self.run_group(&[], true)?;
        }
        Ok(())
    }

    /// The engine must want to run again before anything can happen by the passing of time.
    fn check_next_deadline(&self) -> Result<(), String> {
        let wanted = self.engine.next_deadline();
        let wanted = wanted.map(|uptime| self.started_at.plus(uptime));
        let due = self.naive.next_moment();
        let is_late = due.is_some_and(|due| wanted.is_none_or(|wanted| wanted > due));
        match is_late {
            true => Err(format!("the next deadline is {wanted:?}, expected {due:?}")),
            false => Ok(()),
        }
    }

    fn step(&mut self, step: Step) -> Result<(), String> {
        match step {
            Step::Group(acts) => self.group(&acts, true),
            Step::RolledBack(micros, acts) => {
                self.pass(micros);
                let naive = self.naive.clone();
                let tags = self.tags.clone();
                self.group(&acts, false)?;
                self.naive = naive;
                self.tags = tags;
                Ok(())
            }
            Step::Tick(tick) => self.tick(tick),
            Step::Pass(micros) => {
                self.pass(micros);
                self.group(&[], true)
            }
            Step::SetClock(secs) => {
                self.naive.clock_set_secs += secs;
                self.group(&[], true)
            }
            Step::Throttle(limits) => {
                self.limits = limits;
                self.engine.set_rules(self.rules());
                self.naive.set_limits(LIMITS[limits]);
                self.group(&[], true)
            }
            Step::KeepCompleted(secs) => {
                self.naive.completed_secs = secs;
                self.engine.set_rules(self.rules());
                self.group(&[], true)
            }
            Step::Restart => self.restart(),
        }
    }

    fn pass(&mut self, micros: i64) {
        let passed = Duration::from_micros(micros.unsigned_abs());
        self.naive.now = self.naive.now.plus(passed);
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
            Duty::Sweep => self.naive.sweep(),
            Duty::RecoverLost { .. }
            | Duty::RetryCarefully
            | Duty::FireCron(_)
            | Duty::KeepClocks => {}
        }
        self.naive.end_run();
        self.tickets += 1;
        let ticket = self.tickets;
        let outcomes = self.run_group(
            &[Request {
                ticket: Ticket(ticket),
                op: Op::Tick(duty),
            }],
            true,
        )?;
        let mut expected = Expectations::from([(ticket, Expected::Ok)]);
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
        let expected = self.predict(&planned, &outcomes)?;
        check(outcomes, &expected)
    }

    /// Runs a group to its end; returns the answers.
    fn run_group(&mut self, requests: &[Request], commit: bool) -> Result<Outcomes, String> {
        let mut answers = Outcomes::new();
        let mut requests = requests.to_vec();
        loop {
            let mut tx = self
                .store
                .as_mut()
                .unwrap()
                .begin()
                .map_err(|e| e.to_string())?;
            let context = GroupContext {
                wall: self.naive.wall(),
                uptime: self.naive.now.since(self.started_at),
                frozen: Duration::ZERO,
                seed: self.tickets,
            };
            let result = self
                .engine
                .run_group(&mut tx, context, &requests)
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
}
