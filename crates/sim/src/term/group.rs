//! Groups, their commits, and what is sent when they are durable.

use std::time::Duration;

use rand::Rng as _;
use workmill_cluster::{Epoch, Outbox};
use workmill_engine::{GroupContext, GroupResult, Request};
use workmill_proto::SteadyTime;
use workmill_store::memory::{MemoryStore, UnknownCommit};
use workmill_store::{Store as _, StoreError, Tx as _};

use super::{Term, TermEnd};
use crate::event::Event;
use crate::flaw::Flaw;
use crate::scan::SCAN_EVERY;
use crate::server::Place;
use crate::world::{MILLIS, World};

/// How much work a group takes in, in jobs.
const GROUP_WEIGHT_MAX: usize = 64;

impl World {
    /// There is something to do.
    pub(super) fn plan_group(&mut self, place: Place, epoch: Epoch) {
        let at = self.now + self.rng.random_range(50..2 * MILLIS);
        self.plan_group_at(place, epoch, at);
    }

    /// A group runs at this moment, if none does before.
    fn plan_group_at(&mut self, place: Place, epoch: Epoch, at: u64) {
        if let Some(term) = self.term(place, epoch)
            && term.group_at.is_none_or(|planned| planned > at)
        {
            term.group_at = Some(at);
            self.at(at, Event::Group(place, epoch));
        }
    }

    /// The leader runs a group.
    pub(crate) fn group(&mut self, place: Place, epoch: Epoch) {
        let now = self.now;
        let is_due = |term: &mut Term| term.group_at.take_if(|at| *at <= now).is_some();
        if !self.term(place, epoch).is_some_and(is_due) {
            return;
        }
        let Some(mut term) = self.server(place).and_then(|server| server.term.take()) else {
            return;
        };
        let ended = match self.check_term(place, &term) {
            Some(end) => Some(end),
            None => self.run_group(place, &mut term).err(),
        };
        match ended {
            Some(end) => self.end_term(place, term, end),
            None => {
                let has_work = term.host.has_work();
                let deadline = term.engine.next_deadline();
                if let Some(server) = self.server(place) {
                    server.term = Some(term);
                }
                if has_work {
                    self.plan_group(place, epoch);
                }
                if let Some(uptime) = deadline {
                    self.plan_late_group(place, epoch, uptime);
                }
            }
        }
    }

    /// A group that answers FETCHes which have waited long enough.
    fn plan_late_group(&mut self, place: Place, epoch: Epoch, uptime: Duration) {
        let started_at = self.server(place).map(|server| server.started_at);
        let uptime = u64::try_from(uptime.as_micros()).unwrap_or(u64::MAX);
        let at = started_at.unwrap_or_default().saturating_add(uptime);
        self.plan_group_at(place, epoch, at.max(self.now + MILLIS));
    }

    fn run_group(&mut self, place: Place, term: &mut Term) -> Result<(), TermEnd> {
        let context = self.context(place);
        let unknown = self.unknown_commit.take();
        let requests = term.host.take(GROUP_WEIGHT_MAX, usize::MAX);
        let outbox = match self.commit_group(term, context, &requests, unknown) {
            Ok(outbox) => outbox,
            Err(StoreError::Poisoned(_)) => return self.after_unknown(term),
            Err(error) => {
                self.history.fault(format!("a group failed: {error}"));
                return Err(TermEnd::Lost);
            }
        };
        self.history.committed(term.host.epoch(), self.now);
        term.committed += 1;
        self.groups += 1;
        match self.flaw {
            Some(Flaw::AnswerBeforeFlush) => self.send_down(outbox),
            _ => term.unsent.push_back(outbox),
        }
        self.plan_sync(place, term);
        self.look_at_slots();
        if self.groups.is_multiple_of(SCAN_EVERY) {
            self.scan(&term.store);
        }
        Ok(())
    }

    /// Runs requests, and writes the answers down, in one transaction.
    fn commit_group(
        &mut self,
        term: &mut Term,
        context: GroupContext,
        requests: &[Request],
        unknown: Option<UnknownCommit>,
    ) -> Result<Outbox, StoreError> {
        let mut tx = term.store.begin()?;
        let result = term.engine.run_group(&mut tx, context, requests)?;
        if self.flaw == Some(Flaw::LogsApart) {
            tx.commit()?;
            tx = term.store.begin()?;
        }
        let (mut result, kept_back) = self.lose_progress(result);
        let outbox = term.host.note(&mut tx, &mut result, now_steady(self.now))?;
        let mut unfinished = result.unfinished;
        unfinished.extend(kept_back);
        if let Some(unknown) = unknown {
            self.database.disk.answer_unknown(unknown);
        }
        tx.commit()?;
        term.engine.committed();
        term.host.committed();
        if !unfinished.is_empty() && self.rng.random_bool(0.05) {
            // What takes several groups is most in danger between two of them.
            self.leave_unknown();
        }
        term.host.put_first(unfinished);
        Ok(outbox)
    }

    /// What is left unfinished is kept from the host, with [`Flaw::ProgressNotKept`].
    fn lose_progress(&self, mut result: GroupResult) -> (GroupResult, Vec<Request>) {
        match self.flaw {
            Some(Flaw::ProgressNotKept) => {
                let unfinished = std::mem::take(&mut result.unfinished);
                (result, unfinished)
            }
            _ => (result, Vec::new()),
        }
    }

    /// Whether the last group was committed is unknown.
    fn after_unknown(&mut self, term: &mut Term) -> Result<(), TermEnd> {
        if self.flaw != Some(Flaw::GoOnAfterUnknownCommit) {
            return Err(TermEnd::Lost);
        }
        term.store = MemoryStore::open(&self.database.disk);
        term.engine.rolled_back();
        term.host.rolled_back();
        Ok(())
    }

    fn context(&mut self, place: Place) -> GroupContext {
        let seed = self.rng.random();
        let uptime = self
            .server(place)
            .map(|server| server.started_at)
            .unwrap_or_default();
        GroupContext {
            wall: self.wall(),
            uptime: Duration::from_micros(self.now - uptime),
            frozen: Duration::ZERO,
            seed,
        }
    }

    fn plan_sync(&mut self, place: Place, term: &mut Term) {
        if !term.syncing && !term.unsent.is_empty() {
            term.syncing = true;
            let at = self.now + self.rng.random_range(200..5 * MILLIS);
            self.at(at, Event::Synced(place, term.host.epoch(), term.committed));
        }
    }

    /// What was committed up to the so many-th group is durable: its answers are sent.
    pub(crate) fn synced(&mut self, place: Place, epoch: Epoch, upto: u64) {
        if self.term(place, epoch).is_none() {
            return;
        }
        let Some(mut term) = self.server(place).and_then(|server| server.term.take()) else {
            return;
        };
        if self.check_term(place, &term) == Some(TermEnd::Lost) {
            self.end_term(place, term, TermEnd::Lost);
            return;
        }
        self.database.disk.sync();
        let later = usize::try_from(term.committed - upto).unwrap_or(usize::MAX);
        let durable = term.unsent.len().saturating_sub(later);
        let outboxes: Vec<Outbox> = term.unsent.drain(..durable).collect();
        term.syncing = false;
        self.plan_sync(place, &mut term);
        if let Some(server) = self.server(place) {
            server.term = Some(term);
        }
        for outbox in outboxes {
            self.send_down(outbox);
        }
    }

    pub(super) fn send_down(&mut self, outbox: Outbox) {
        for (link, frame) in outbox {
            self.send_to_server(link, frame);
        }
    }
}

fn now_steady(now: u64) -> SteadyTime {
    SteadyTime::from_micros(i64::try_from(now).unwrap_or(i64::MAX))
}
