//! One group at work: the transaction, the moment, and what the rules leave behind for its end.

use std::collections::BTreeSet;
use std::sync::{Arc, OnceLock};

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng};
use workmill_proto::{SteadyTime, Timestamp, WireError};
use workmill_store::{Clocks, StoreError, Tx};

use crate::budget::Budget;
use crate::context::Rules;
use crate::features::{Batches, Locks, Meters, Tracks};
use crate::memory::Memory;
use crate::op::{Duty, Op, Request, ServerId, Ticket};
use crate::outcome::{Answer, GroupResult, InfoReport, Outcome};

/// A group at work. The rules are its methods, one file each in `rules/`.
pub(crate) struct Group<'g, T: Tx> {
    pub(crate) tx: &'g mut T,
    /// What durations are measured by.
    pub(crate) steady: SteadyTime,
    /// What people write down and are shown.
    pub(crate) wall: Timestamp,
    pub(crate) rng: SmallRng,
    pub(crate) rules: &'g Rules,
    pub(crate) memory: &'g mut Memory,
    /// Whether reservations may be ended against their worker's will.
    pub(crate) grace_over: bool,
    /// Whether the server is stopping: no FETCH may wait any more.
    pub(crate) draining: &'g BTreeSet<ServerId>,
    /// Queues somebody waits for that have something to fetch since.
    pub(crate) ready: BTreeSet<String>,
    pub(crate) locks: Locks,
    pub(crate) batches: Batches,
    pub(crate) tracks: Tracks,
    pub(crate) meters: Meters,
    /// How much it may still do.
    pub(crate) budget: Budget,
    /// Whether dead jobs are being evicted.
    pub(crate) evicting: bool,
    result: GroupResult,
    /// How many requests there are to be answered, those that waited before among them.
    unanswered: usize,
}

impl<'g, T: Tx> Group<'g, T> {
    pub(crate) fn new(
        tx: &'g mut T,
        clocks: Clocks,
        seed: u64,
        rules: &'g Rules,
        memory: &'g mut Memory,
        grace_over: bool,
        draining: &'g BTreeSet<ServerId>,
    ) -> Self {
        Self {
            unanswered: memory.parked.len(),
            tx,
            steady: clocks.steady,
            wall: clocks.wall,
            rng: SmallRng::seed_from_u64(seed),
            rules,
            memory,
            grace_over,
            draining,
            ready: BTreeSet::new(),
            locks: Locks::default(),
            batches: Batches::default(),
            tracks: Tracks::default(),
            meters: Meters::new(rules.observed),
            budget: Budget::new(),
            evicting: false,
            result: GroupResult::default(),
        }
    }

    /// Runs requests that are alike. This is the table of all ops and their rules.
    pub(crate) fn run(&mut self, run: &[Request]) -> Result<(), StoreError> {
        let Some(Request { ticket, op }) = run.first() else {
            return Ok(());
        };
        let ticket = *ticket;
        self.unanswered += run.len();
        match op {
            Op::Push(_) => self.push(run),
            Op::Fetch(_) => self.fetch(run),
            Op::Ack(_) => self.ack(run),
            Op::PushBulk(bulk) => self.push_bulk(ticket, bulk),
            Op::Fail(_) => self.fail(run),
            Op::Requeue(_) => self.requeue(run),
            Op::Batch(batch) => self.batch(ticket, batch),
            Op::Track(track) => self.track(ticket, track),
            Op::Operations(op) => self.operations(ticket, op),
            Op::Mutate(mutate) => self.mutate(ticket, mutate),
            Op::Queue(command, client) => self.queue(ticket, command, *client),
            Op::Flush => self.flush(ticket),
            Op::Info => self.info(run),
            Op::Nack(_) => self.nack(run),
            Op::Forget(waiting) => self.forget(ticket, *waiting),
            Op::Drain(server) => self.drain(ticket, *server),
            Op::Tick(duty) => self.tick(ticket, duty),
        }
    }

    fn tick(&mut self, ticket: Ticket, duty: &Duty) -> Result<(), StoreError> {
        let more = match duty {
            Duty::Promote => self.promote()?,
            Duty::ExpireReservations => self.expire_reservations()?,
            Duty::Purge => self.purge()?,
            Duty::RecoverLost { alive } => self.recover_lost(alive)?,
            Duty::FireCron(table) => self.fire_cron(table)?,
            Duty::Sweep => self.sweep()?,
            // A duty of its own, as on a full disk it cannot be done: nothing that would change nothing must fail with it.
            Duty::KeepClocks => {
                self.tx.note_clocks(self.now(), true)?;
                false
            }
        };
        if more {
            self.continue_in_next_group(ticket, Op::Tick(duty.clone()));
        } else {
            self.answer(ticket, Outcome::Ok);
        }
        Ok(())
    }

    /// A run of INFOs.
    fn info(&mut self, run: &[Request]) -> Result<(), StoreError> {
        self.meters.write(self.tx, self.wall.utc_day())?;
        let report = Arc::new(InfoReport {
            totals: self.tx.totals()?,
            reply: OnceLock::new(),
        });
        for request in run {
            self.answer(request.ticket, Outcome::Info(Arc::clone(&report)));
        }
        Ok(())
    }

    /// Has those queues served that are to be checked again by now.
    pub(crate) fn recheck_due(&mut self) {
        for queue in self.memory.rechecks.take_due(self.steady) {
            self.make_ready(&queue);
        }
    }

    /// Serves whoever waits, answers whoever has waited long enough, and writes down what was counted.
    pub(crate) fn finish(mut self) -> Result<GroupResult, StoreError> {
        self.serve_parked()?;
        for ticket in self.memory.parked.remove_due(self.steady) {
            self.answer(ticket, Outcome::Nothing);
        }
        self.check_answers()?;
        self.locks.write(self.tx)?;
        self.batches.write(self.tx)?;
        self.tracks.write(self.tx)?;
        self.meters.write(self.tx, self.wall.utc_day())?;
        self.result.events = self.meters.take_events();
        Ok(self.result)
    }

    /// Checks that every request is answered, waits, or goes on in the next group: with one answer too many or too few, all
    /// later replies of a connection would be to the wrong commands.
    fn check_answers(&self) -> Result<(), StoreError> {
        let (answered, unfinished) = (self.result.answers.len(), self.result.unfinished.len());
        let waiting = self.memory.parked.len();
        if answered + unfinished + waiting == self.unanswered {
            return Ok(());
        }
        Err(StoreError::Poisoned(format!(
            "{} requests have {answered} answers, {unfinished} go on and {waiting} wait: this is a bug, please report it",
            self.unanswered
        )))
    }

    /// What both clocks show.
    pub(crate) fn now(&self) -> Clocks {
        Clocks {
            steady: self.steady,
            wall: self.wall,
        }
    }

    /// Leaves an op, or the rest of it, to the next group.
    pub(crate) fn continue_in_next_group(&mut self, ticket: Ticket, op: Op) {
        self.result.unfinished.push(Request { ticket, op });
    }

    pub(crate) fn answer(&mut self, ticket: Ticket, outcome: Outcome) {
        self.result.answers.push(Answer { ticket, outcome });
    }

    pub(crate) fn refuse(&mut self, ticket: Ticket, text: impl Into<String>) {
        self.answer(ticket, Outcome::Refused(WireError::err(text)));
    }

    /// Says that `queue` may have something to fetch now.
    pub(crate) fn make_ready(&mut self, queue: &str) {
        if self.memory.parked.waits_on(queue) && !self.ready.contains(queue) {
            self.ready.insert(queue.to_owned());
        }
    }

    /// The id of a job that the server makes.
    pub(crate) fn new_jid(&mut self) -> String {
        format!("{:024x}", self.rng.random::<u128>() >> 32)
    }
}

#[cfg(test)]
mod tests;
