//! The server that leads: groups, their commits, and what is sent when they are durable.

use std::collections::{BTreeSet, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use rand::Rng as _;
use workmill_cluster::{
    AnswerLogs, Epoch, FromLeader, Host, LINK_SILENT, LeaderRow, LinkId, OpNumber, Outbox,
    SERVER_GONE, ToLeader,
};
use workmill_engine::{Duty, Engine, GroupContext, GroupResult, Op, Request, ServerId};
use workmill_proto::SteadyTime;
use workmill_store::memory::{MemoryStore, UnknownCommit};
use workmill_store::{Store as _, StoreError, Tx as _};

use crate::event::Event;
use crate::flaw::Flaw;
use crate::net::End;
use crate::ops;
use crate::scan::SCAN_EVERY;
use crate::server::Place;
use crate::world::{MILLIS, SECOND, World};

/// How many requests a group takes in.
const GROUP_MAX: usize = 64;

/// How often a leader renews its claim.
const RENEW_EVERY: u64 = SECOND;

/// A leader that has renewed so lately needs no fence, with [`Flaw::LeaseByClock`].
const LEASE: u64 = 3 * SECOND;

/// A leadership, from the takeover to its end.
#[derive(Debug)]
pub(crate) struct Term {
    pub(crate) epoch: Epoch,
    database_run: u64,
    store: MemoryStore,
    engine: Engine,
    host: Host,
    renewed_at: u64,
    /// When the next group runs.
    group_at: Option<u64>,
    /// How many groups were committed.
    committed: u64,
    /// What the groups have to say that are not durable yet.
    unsent: VecDeque<Outbox>,
    syncing: bool,
    is_first_duty: bool,
}

/// Why a term ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TermEnd {
    /// Somebody else leads.
    Deposed,
    /// Whether the last group was committed is unknown, or the database is gone.
    Lost,
    /// The server stops.
    Resigned,
    /// The process is no more.
    Killed,
}

impl World {
    /// Takes over from the leader of this epoch, if the store still says that it leads.
    pub(crate) fn take_over(&mut self, place: Place, from: Epoch) {
        let early = match self.flaw {
            Some(Flaw::LoadBeforeTakeover) => self.loaded_early.take(),
            _ => None,
        };
        if self.flaw == Some(Flaw::LoadBeforeTakeover) && early.is_none() {
            // It is used the next time, some groups later.
            self.loaded_early = Some(MemoryStore::open(&self.database.disk));
            return;
        }
        let Some(id) = self.server(place).map(|server| server.forwarder.server()) else {
            return;
        };
        if self.database.leader.epoch != from {
            return;
        }
        let epoch = match self.flaw {
            Some(Flaw::SameEpoch) => from,
            _ => Epoch(from.0 + 1),
        };
        self.database.set_leader(LeaderRow {
            epoch,
            holder: Some(id),
            renewals: 0,
        });
        // The takeover is a commit that waits for the log.
        self.database.disk.sync();
        let store = early.unwrap_or_else(|| MemoryStore::open(&self.database.disk));
        if let Err(error) = self.begin_term(place, epoch, store) {
            self.history.fault(format!("a term cannot begin: {error}"));
        }
    }

    fn begin_term(
        &mut self,
        place: Place,
        epoch: Epoch,
        mut store: MemoryStore,
    ) -> Result<(), StoreError> {
        let logs = match self.flaw {
            Some(Flaw::LogsNotLoaded) => AnswerLogs::default(),
            _ => AnswerLogs::load(&mut store.begin()?)?,
        };
        let (now, database_run) = (self.now, self.database.run);
        let Some(server) = self.server(place) else {
            return Ok(());
        };
        let uplink = server.uplink;
        server.term = Some(Term {
            epoch,
            database_run,
            store,
            engine: Engine::new(ops::rules()),
            host: Host::new(epoch, logs, Duration::from_micros(now)),
            renewed_at: now,
            group_at: None,
            committed: 0,
            unsent: VecDeque::new(),
            syncing: false,
            is_first_duty: true,
        });
        if let Some(uplink) = uplink {
            self.close_link(uplink, End::Server);
        }
        self.history.takeovers += 1;
        self.link(place, place);
        self.at(self.now + MILLIS, Event::Duties(place, epoch));
        Ok(())
    }

    /// The term of a server, if it is of this epoch.
    fn term(&mut self, place: Place, epoch: Epoch) -> Option<&mut Term> {
        let term = self.server(place)?.term.as_mut()?;
        (term.epoch == epoch).then_some(term)
    }

    /// A frame has come at the leader's end of a link.
    pub(crate) fn ask(&mut self, link: LinkId, mut frame: ToLeader) {
        let Some(place) = self.net.links.get(&link).map(|link| link.leader) else {
            return;
        };
        if !self.net.is_open(link, End::Leader) || self.server(place).is_none() {
            return;
        }
        self.net.hear(link, End::Leader, self.now);
        if self.flaw == Some(Flaw::LogsNotLoaded)
            && let ToLeader::Hello { registered, .. } = &mut frame
        {
            *registered = false;
        }
        if self.flaw == Some(Flaw::SettledUpTo)
            && let ToLeader::Settled(numbers) = &mut frame
            && let Some(last) = numbers.iter().max().copied()
        {
            *numbers = (1..=last.0).map(OpNumber).collect();
        }
        let term = self.server(place).and_then(|server| server.term.as_mut());
        match term {
            Some(term) => {
                term.host.hear(link, frame);
                let epoch = term.epoch;
                self.plan_group(place, epoch);
            }
            // It leads no more, or not yet.
            None => self.close_link(link, End::Leader),
        }
    }

    /// The leader learns that a link is closed.
    pub(crate) fn leader_lost(&mut self, place: Place, link: LinkId) {
        let (now, gives_up) = (self.now, self.flaw == Some(Flaw::GivenBackAtOnce));
        let Some(term) = self.server(place).and_then(|server| server.term.as_mut()) else {
            return;
        };
        let at = Duration::from_micros(now);
        term.host.link_broken(link, at);
        if gives_up {
            term.host.look_after_servers(at + SERVER_GONE);
        }
        let epoch = term.epoch;
        self.plan_group(place, epoch);
    }

    /// There is something to do.
    fn plan_group(&mut self, place: Place, epoch: Epoch) {
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

    /// Whether what this term writes is still taken.
    fn holds_fence(&self, term: &Term) -> bool {
        match self.flaw {
            Some(Flaw::NoFence) => true,
            Some(Flaw::StaleFence) => {
                let row = self.database.leader_before;
                row.epoch <= term.epoch && self.database.leader.epoch.0 <= term.epoch.0 + 1
            }
            Some(Flaw::LeaseByClock) if self.now - term.renewed_at < LEASE => true,
            _ => self.database.leader.epoch == term.epoch,
        }
    }

    /// Whether the term can go on at all.
    fn check_term(&self, place: Place, term: &Term) -> Option<TermEnd> {
        let server = self.servers.get(place.index)?;
        let is_cut_off = self.now < server.cut_off_until;
        if self.database.is_down || term.database_run != self.database.run || is_cut_off {
            return Some(TermEnd::Lost);
        }
        (!self.holds_fence(term)).then_some(TermEnd::Deposed)
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
        let requests = term.host.take(GROUP_MAX);
        let apart = self.flaw == Some(Flaw::LogsApart);
        let ran = match apart {
            true => self.commit_apart(term, context, &requests, unknown),
            false => self.commit_together(term, context, &requests, unknown),
        };
        let outbox = match ran {
            Ok(outbox) => outbox,
            Err(StoreError::Poisoned(_)) => return self.after_unknown(term),
            Err(error) => {
                self.history.fault(format!("a group failed: {error}"));
                return Err(TermEnd::Lost);
            }
        };
        self.history.committed(term.epoch, self.now);
        term.committed += 1;
        self.groups += 1;
        match self.flaw {
            Some(Flaw::AnswerBeforeFlush) => self.send_down(outbox),
            _ => term.unsent.push_back(outbox),
        }
        self.plan_sync(place, term);
        self.look_at_slots(&term.store);
        if self.groups.is_multiple_of(SCAN_EVERY) {
            self.scan(&term.store);
        }
        Ok(())
    }

    /// Runs requests, and writes the answers down, in one transaction.
    fn commit_together(
        &mut self,
        term: &mut Term,
        context: GroupContext,
        requests: &[Request],
        unknown: Option<UnknownCommit>,
    ) -> Result<Outbox, StoreError> {
        let mut tx = term.store.begin()?;
        let result = term.engine.run_group(&mut tx, context, requests)?;
        let (result, kept_back) = self.lose_progress(result);
        let (outbox, mut unfinished) = term.host.note(&mut tx, result, now_steady(self.now))?;
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

    /// The same in two, one after the other.
    fn commit_apart(
        &self,
        term: &mut Term,
        context: GroupContext,
        requests: &[Request],
        unknown: Option<UnknownCommit>,
    ) -> Result<Outbox, StoreError> {
        let mut tx = term.store.begin()?;
        let result = term.engine.run_group(&mut tx, context, requests)?;
        tx.commit()?;
        term.engine.committed();
        if let Some(unknown) = unknown {
            self.database.disk.answer_unknown(unknown);
        }
        let mut tx = term.store.begin()?;
        let (outbox, unfinished) = term.host.note(&mut tx, result, now_steady(self.now))?;
        tx.commit()?;
        term.host.committed();
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
            self.at(at, Event::Synced(place, term.epoch, term.committed));
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

    fn send_down(&mut self, outbox: Outbox) {
        for (link, frame) in outbox {
            self.send_to_server(link, frame);
        }
    }

    fn send_to_server(&mut self, link: LinkId, frame: FromLeader) {
        if !self.net.is_open(link, End::Leader) {
            return;
        }
        if let Some(at) = self.arrival(link, End::Server) {
            self.at(at, Event::Tell(link, frame));
        }
    }

    /// The leader does what time demands.
    pub(crate) fn duties(&mut self, place: Place, epoch: Epoch) {
        let workers = self.workers_alive(place);
        let table = Arc::clone(&self.cron);
        let keeps_servers = self.flaw == Some(Flaw::NotGivenBack);
        let now = self.now;
        let Some(term) = self.term(place, epoch) else {
            return;
        };
        let mut duties = vec![
            Duty::Promote,
            Duty::ExpireReservations,
            Duty::RecoverLost {
                alive: Arc::new(workers),
            },
            Duty::FireCron(table),
            Duty::Sweep,
        ];
        if std::mem::take(&mut term.is_first_duty) {
            duties.push(Duty::KeepClocks);
        }
        for duty in duties {
            term.host.demand(Op::Tick(duty));
        }
        let gone = match keeps_servers {
            true => Vec::new(),
            false => term.host.look_after_servers(Duration::from_micros(now)),
        };
        self.note_gone(&gone);
        self.plan_group(place, epoch);
        self.at(self.now + SECOND, Event::Duties(place, epoch));
    }

    /// Jobs that were on their way to clients of these servers are given back.
    fn note_gone(&mut self, gone: &[ServerId]) {
        for index in 0..self.servers.len() {
            let server = self.servers.get(index);
            let server = server.filter(|server| gone.contains(&server.forwarder.server()));
            if let Some(run) = server.map(|server| server.run) {
                self.history.server_given_up(Place { index, run }, self.now);
            }
        }
    }

    /// The workers that are heard from.
    fn workers_alive(&self, leader: Place) -> BTreeSet<String> {
        let only_own = self.flaw == Some(Flaw::PresenceNotSent);
        let workers = self.clients.iter().filter(|client| {
            !only_own
                || client
                    .place
                    .is_some_and(|place| place.index == leader.index)
        });
        workers
            .filter_map(|client| client.wid().map(str::to_owned))
            .collect()
    }

    /// A leader renews its claim, says that its links are alive, and notices those that are not.
    pub(crate) fn watch_term(&mut self, place: Place) {
        let Some(mut term) = self.server(place).and_then(|server| server.term.take()) else {
            return;
        };
        if let Some(end) = self.check_term(place, &term) {
            self.end_term(place, term, end);
            return;
        }
        if self.now - term.renewed_at >= RENEW_EVERY && self.database.leader.epoch == term.epoch {
            term.renewed_at = self.now;
            self.database.leader.renewals += 1;
        }
        if let Some(server) = self.server(place) {
            server.term = Some(term);
        }
        let links = self
            .net
            .links
            .iter()
            .filter(|(_, link)| link.leader == place);
        let links: Vec<LinkId> = links.map(|(&id, _)| id).collect();
        for link in links {
            if !self.net.is_open(link, End::Leader) {
                continue;
            }
            let heard_at = self.net.heard_at(link, End::Leader);
            match Duration::from_micros(self.now - heard_at) >= LINK_SILENT {
                true => self.close_link(link, End::Leader),
                false => self.send_to_server(link, FromLeader::Answers(Vec::new())),
            }
        }
    }

    /// Ends a term.
    pub(crate) fn end_term(&mut self, place: Place, term: Term, end: TermEnd) {
        let Term {
            epoch,
            store,
            unsent,
            ..
        } = term;
        if self.flaw == Some(Flaw::SentAtTheEnd) && end != TermEnd::Killed {
            for outbox in unsent {
                self.send_down(outbox);
            }
        }
        if end == TermEnd::Resigned && self.database.leader.epoch == epoch {
            self.database.disk.sync();
            self.database.leader.holder = None;
        }
        store.vanish();
        let links = self
            .net
            .links
            .iter()
            .filter(|(_, link)| link.leader == place);
        let links: Vec<LinkId> = links.map(|(&id, _)| id).collect();
        for link in links {
            self.close_link(link, End::Leader);
        }
    }
}

fn now_steady(now: u64) -> SteadyTime {
    SteadyTime::from_micros(i64::try_from(now).unwrap_or(i64::MAX))
}
