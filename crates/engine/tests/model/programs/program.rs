//! A program from its seed to its rest.

use rand::rngs::SmallRng;
use rand::{Rng, SeedableRng};
use workmill_engine::{Duty, Op, OperationState, OperationsOp, Outcome};
use workmill_proto::SteadyTime;
use workmill_store::{Store as _, Tx as _, WatchedJob};

use super::acts;
use super::limits::Meter;
use super::server::{Fate, Server};
use super::sight::{Place, look};
use super::witness::Witness;
use crate::backing::Backing;
use crate::naive::{Limits, Rate, UNLIMITED};

/// The limits that hold throughout a program.
pub(super) const THROTTLES: &[(&str, Limits)] = &[
    (
        "b",
        Limits {
            concurrency: Some(3),
            ..UNLIMITED
        },
    ),
    (
        "c",
        Limits {
            rate: Some(Rate {
                interval_millis: 900,
                burst: 5,
            }),
            ..UNLIMITED
        },
    ),
    (
        "d",
        Limits {
            worker: Some(1),
            concurrency: Some(2),
            ..UNLIMITED
        },
    ),
];

pub struct Report {
    pub callbacks_fired: u64,
}

pub struct Program<B: Backing> {
    pub(super) rng: SmallRng,
    pub(super) server: Server<B>,
    pub(super) witness: Witness,
    pub(super) meter: Meter,
    pub(super) numbers: u64,
}

/// Runs a program of so many groups from a seed, and then lets everything come to its end.
pub fn run<B: Backing>(seed: u64, groups: u64) -> Result<Report, String> {
    let mut program = Program::<B> {
        rng: SmallRng::seed_from_u64(seed),
        server: Server::new(),
        witness: Witness::default(),
        meter: Meter::default(),
        numbers: 0,
    };
    for index in 0..groups {
        let step = program.random_step();
        step.map_err(|error| format!("group {index}: {error}"))?;
    }
    program.come_to_rest()?;
    Ok(Report {
        callbacks_fired: program.witness.callbacks_fired,
    })
}

impl<B: Backing> Program<B> {
    fn random_step(&mut self) -> Result<(), String> {
        let passes = self.rng.random_range(0..4_000);
        self.server.now = self
            .server
            .now
            .plus(std::time::Duration::from_millis(passes));
        if self.rng.random_range(0..50) == 0 {
            self.server.clock_set_secs += self.rng.random_range(-300..300);
        }
        let ops = self.acts();
        let fate = match self.rng.random_range(0..40) {
            0 => Fate::Lost,
            1 => Fate::Crashes,
            2 => Fate::CommitFails,
            3..6 => Fate::WriteFails(self.rng.random_range(0..12)),
            _ => Fate::Commits,
        };
        self.run(&ops, fate)
    }

    /// Runs ops and has the witness look at what came of it.
    fn run(&mut self, ops: &[Op], fate: Fate) -> Result<(), String> {
        if let Some(answers) = self.server.run(ops, fate) {
            for (op, answer) in ops.iter().zip(answers) {
                self.note(op, answer);
            }
        }
        let store = self.server.store.as_mut().unwrap();
        let sight = look(store)?;
        self.meter.look(
            store,
            &self.witness.sight,
            &sight,
            self.server.now,
            self.server.started_at,
        )?;
        self.witness
            .look(sight)
            .map_err(|error| format!("{error}, after {fate:?} of {ops:?}"))
    }

    fn note(&mut self, op: &Op, answer: Option<Outcome>) {
        use workmill_engine::BatchOp;
        match (op, answer) {
            (Op::Ack(ack), Some(Outcome::Ok)) => {
                self.witness.acked(&ack.jid);
                self.meter.acked(&ack.jid);
            }
            (Op::Batch(batch), Some(answer)) => match (batch.as_ref(), answer) {
                (BatchOp::New(new), Outcome::Bid(bid)) => {
                    let (complete, success) = (new.complete.is_some(), new.success.is_some());
                    self.witness.batch_made(bid, new.parent, complete, success);
                }
                (BatchOp::Commit(bid), Outcome::Ok) => {
                    self.witness.batches.get_mut(bid).unwrap().committed = true;
                }
                (BatchOp::Child { parent, child }, Outcome::Ok) => {
                    self.witness
                        .batches
                        .get_mut(parent)
                        .unwrap()
                        .children
                        .insert(*child);
                }
                _ => {}
            },
            _ => {}
        }
    }

    /// Commits every batch, and lets workers acknowledge whatever they get until there is nothing left but dead jobs,
    /// and then those, too.
    fn come_to_rest(&mut self) -> Result<(), String> {
        let bids: Vec<_> = self.witness.batches.keys().copied().collect();
        for bid in bids {
            let commit = Op::Batch(workmill_engine::BatchOp::Commit(bid).into());
            self.run(&[commit], Fate::Commits)?;
        }
        self.work_off()?;
        self.run(&[acts::requeue_the_dead()], Fate::Commits)?;
        self.work_off()?;
        self.witness.nothing_is_stuck()?;
        self.careful_retries_have_ended()?;
        // No lock lasts that long.
        self.server.now = self.server.now.plus_secs(3_600);
        self.run(&[Op::Tick(Duty::Purge)], Fate::Commits)?;
        self.meter
            .nothing_is_held(self.server.store.as_mut().unwrap())
    }

    /// There is nothing that could be retried or waited for.
    fn careful_retries_have_ended(&mut self) -> Result<(), String> {
        for _ in 0..3 {
            self.server.now = self.server.now.plus_secs(5);
            self.run(&acts::all_ticks(), Fate::Commits)?;
        }
        let list = Op::Operations(OperationsOp::List);
        let answers = self.server.run(&[list], Fate::Commits).unwrap();
        let Some(Some(Outcome::Operations(reports))) = answers.first() else {
            return Err(format!("a list of operations: {answers:?}"));
        };
        let mut running = reports.iter();
        if let Some(report) = running.find(|report| report.state == OperationState::Running) {
            return Err(format!("a careful retry does not end: {report:?}"));
        }
        let mut tx = self.server.store.as_mut().unwrap().begin().unwrap();
        let watched = tx.due::<WatchedJob>(SteadyTime::MAX, 99).unwrap();
        match watched.is_empty() {
            true => Ok(()),
            false => Err(format!("nobody waits for {watched:?}")),
        }
    }

    /// Lets time pass, and workers acknowledge everything.
    fn work_off(&mut self) -> Result<(), String> {
        for _ in 0..400 {
            self.server.now = self.server.now.plus_secs(5);
            let mut ops = acts::all_ticks();
            for (jid, seen) in &self.witness.sight {
                if let Place::Working { wid } = &seen.place {
                    ops.push(acts::ack(jid, wid));
                }
            }
            ops.extend(acts::fetch_everything());
            self.run(&ops, Fate::Commits)?;
            let is_left = |place: &Place| *place != Place::Set(workmill_proto::SetName::Dead);
            if !self.witness.sight.values().any(|seen| is_left(&seen.place)) {
                // What was cleared or removed is swept in the end, and may bring the last callbacks.
                self.run(&acts::all_ticks(), Fate::Commits)?;
                if !self.witness.sight.values().any(|seen| is_left(&seen.place)) {
                    return Ok(());
                }
            }
        }
        Err(format!(
            "it does not come to rest: {:?}",
            self.witness.sight
        ))
    }
}
