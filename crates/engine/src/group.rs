//! One group at work: the transaction, the moment, and what the rules leave behind for its end.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng};
use workmill_store::{Clocks, StoreError, Tx};

use crate::answers::Answers;
use crate::budget::Budget;
use crate::context::Rules;
use crate::features::{Batches, CronRuns, Failures, Locks, Meters, Tracks, TrashBin};
use crate::memory::Memory;
use crate::op::{Duty, Op, Request, ServerId, Ticket};
use crate::outcome::{GroupResult, InfoReport, Outcome};
use crate::rules::{grouping, operations, queue, track, waiting};

/// A group at work. The rules are its methods, one file each in `rules/`.
pub(crate) struct Group<'g, T: Tx> {
    pub(crate) tx: &'g mut T,
    /// What both clocks show.
    pub(crate) now: Clocks,
    pub(crate) rng: SmallRng,
    pub(crate) rules: &'g Rules,
    pub(crate) memory: &'g mut Memory,
    /// Whether reservations may be ended against their worker's will.
    pub(crate) grace_over: bool,
    /// Whether the server is stopping: no FETCH may wait any more.
    pub(crate) draining: &'g BTreeSet<ServerId>,
    pub(crate) locks: Locks,
    pub(crate) batches: Batches,
    pub(crate) tracks: Tracks,
    pub(crate) cron_runs: CronRuns,
    pub(crate) failures: Failures,
    pub(crate) trash: TrashBin,
    pub(crate) meters: Meters,
    /// How much it may still do.
    pub(crate) budget: Budget,
    /// Whether dead jobs are being evicted.
    pub(crate) evicting: bool,
    pub(crate) answers: Answers,
}

impl<'g, T: Tx> Group<'g, T> {
    pub(crate) fn new(
        tx: &'g mut T,
        now: Clocks,
        seed: u64,
        rules: &'g Rules,
        memory: &'g mut Memory,
        grace_over: bool,
        draining: &'g BTreeSet<ServerId>,
    ) -> Self {
        Self {
            answers: Answers::new(memory.parked.len()),
            failures: Failures::new(memory.failure_groups),
            tx,
            now,
            rng: SmallRng::seed_from_u64(seed),
            rules,
            memory,
            grace_over,
            draining,
            locks: Locks::default(),
            batches: Batches::default(),
            tracks: Tracks::default(),
            cron_runs: CronRuns::default(),
            trash: TrashBin::default(),
            meters: Meters::new(rules.observed),
            budget: Budget::new(),
            evicting: false,
        }
    }

    /// Runs requests that are alike.
    pub(crate) fn run(&mut self, run: &[Request]) -> Result<(), StoreError> {
        self.answers.expect(run.len());
        self.run_alike(run)
    }

    /// The table of all ops and their rules.
    pub(crate) fn run_alike(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let Some(Request { ticket, op }) = run.first() else {
            return Ok(());
        };
        let ticket = *ticket;
        let outcome = match op {
            Op::Push(_) => return self.push(run),
            Op::Fetch(_) => return self.fetch(run),
            Op::Ack(_) => return self.ack(run),
            Op::PushBulk(bulk) => return self.push_bulk(ticket, bulk),
            Op::Fail(_) => return self.fail(run),
            Op::Requeue(_) => return self.requeue(run),
            Op::Nack(_) => return self.nack(run),
            Op::Info => return self.info(run),
            Op::Mutate(mutate) => return self.mutate(ticket, mutate),
            Op::Act(action) => return self.act(ticket, action),
            Op::Tick(duty) => return self.tick(ticket, duty),
            Op::Operations(op) => match operations::ask(self.tx, self.memory, self.now, *op)? {
                Ok(outcome) => outcome,
                Err(rest) => {
                    let rest = Op::Mutate(rest);
                    self.answers.continue_in_next_group(ticket, rest);
                    return Ok(());
                }
            },
            Op::Batch(batch) => self.batch(batch)?,
            Op::Track(op) => track::track(self.tx, &mut self.tracks, self.now, op)?,
            Op::Queue(command, client) => queue::change(self.tx, self.memory, command, *client)?,
            Op::Cron(op) => self.cron(op)?,
            Op::Flush => {
                self.flush()?;
                Outcome::Ok
            }
            Op::Forget(waiting) => {
                waiting::forget(&mut self.memory.parked, &mut self.answers, *waiting);
                Outcome::Ok
            }
            Op::Drain(server) => {
                waiting::drain(&mut self.memory.parked, &mut self.answers, *server);
                Outcome::Ok
            }
            Op::Note(_) => Outcome::Ok,
        };
        self.answers.give(ticket, outcome);
        Ok(())
    }

    fn tick(&mut self, ticket: Ticket, duty: &Duty) -> Result<(), StoreError> {
        let more = match duty {
            Duty::Promote => self.promote()?,
            // A duty of its own: what hinders it must not keep jobs from their queues that are due.
            Duty::RetryCarefully => self.go_on_carefully()?,
            Duty::ExpireReservations => self.expire_reservations()?,
            Duty::Purge => self.purge()?,
            Duty::RecoverLost { alive } => self.recover_lost(alive)?,
            Duty::FireCron(table) => self.fire_cron(table)?,
            Duty::Sweep => {
                let more = self.sweep()?;
                let are_grouped = &mut self.memory.are_grouped;
                let failures = &mut self.failures;
                grouping::group_failures(self.tx, failures, self.now, are_grouped)? || more
            }
            // A duty of its own, as on a full disk it cannot be done: nothing that would change nothing must fail with it.
            Duty::KeepClocks => {
                self.tx.note_clocks(self.now, true)?;
                self.memory.history.write(self.tx)?;
                let ended_at = self.memory.last_server_ended_at(self.now.wall);
                self.memory.actions.settle(self.tx, ended_at)?;
                false
            }
        };
        if more {
            self.answers
                .continue_in_next_group(ticket, Op::Tick(duty.clone()));
        } else {
            self.answers.give(ticket, Outcome::Ok);
        }
        Ok(())
    }

    /// A run of INFOs.
    fn info(&mut self, run: &[Request]) -> Result<(), StoreError> {
        self.meters.write(self.tx, self.now.wall.utc_day())?;
        let report = Arc::new(InfoReport {
            totals: self.tx.totals()?,
            reply: OnceLock::new(),
        });
        for request in run {
            self.answers
                .give(request.ticket, Outcome::Info(Arc::clone(&report)));
        }
        Ok(())
    }

    /// Serves whoever waits, answers whoever has waited long enough, and writes down what was counted.
    pub(crate) fn finish(mut self) -> Result<GroupResult, StoreError> {
        self.serve_parked()?;
        for ticket in self.memory.parked.remove_due(self.now.steady) {
            self.answers.give(ticket, Outcome::Nothing);
        }
        self.locks.write(self.tx)?;
        self.batches.write(self.tx)?;
        self.tracks.write(self.tx)?;
        self.cron_runs.write(self.tx)?;
        self.failures.write(self.tx)?;
        self.memory.failure_groups = self.failures.count();
        self.trash.write(self.tx)?;
        let operations = &self.memory.operations;
        self.memory.careful.write(self.tx, operations)?;
        self.meters.write(self.tx, self.now.wall.utc_day())?;
        let events = self.meters.take_events();
        self.answers.close(self.memory.parked.len(), events)
    }
}

/// The id of a job that the server makes.
pub(crate) fn new_jid(rng: &mut SmallRng) -> String {
    format!("{:024x}", rng.random::<u128>() >> 32)
}

#[cfg(test)]
mod tests;
