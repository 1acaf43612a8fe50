//! The server that leads: what it hears, whether it may go on, and its end. How it begins is told by `takeover`, what it does by
//! `group` and `duties`.

mod duties;
mod group;
mod takeover;

use std::collections::VecDeque;
use std::time::Duration;

use workmill_cluster::{
    Epoch, FromLeader, Host, LINK_SILENT, LinkId, OpNumber, Outbox, SERVER_GONE, ToLeader,
};
use workmill_engine::Engine;
use workmill_store::memory::MemoryStore;

use crate::event::Event;
use crate::flaw::Flaw;
use crate::net::End;
use crate::server::Place;
use crate::world::{SECOND, World};

/// How often a leader renews its claim.
const RENEW_EVERY: u64 = SECOND;

/// A leader that has renewed so lately needs no fence, with [`Flaw::LeaseByClock`].
const LEASE: u64 = 3 * SECOND;

/// A leadership, from the takeover to its end.
#[derive(Debug)]
pub(crate) struct Term {
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

impl Term {
    pub(crate) fn epoch(&self) -> Epoch {
        self.host.epoch()
    }
}

impl World {
    /// The term of a server, if it is of this epoch.
    fn term(&mut self, place: Place, epoch: Epoch) -> Option<&mut Term> {
        let term = self.server(place)?.term.as_mut()?;
        (term.host.epoch() == epoch).then_some(term)
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
                let epoch = term.host.epoch();
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
        let epoch = term.host.epoch();
        self.plan_group(place, epoch);
    }

    /// Whether what this term writes is still taken.
    fn holds_fence(&self, term: &Term) -> bool {
        match self.flaw {
            Some(Flaw::NoFence) => true,
            Some(Flaw::StaleFence) => {
                let row = self.database.leader_before;
                row.epoch <= term.host.epoch()
                    && self.database.leader.epoch.0 <= term.host.epoch().0 + 1
            }
            Some(Flaw::LeaseByClock) if self.now - term.renewed_at < LEASE => true,
            _ => self.database.leader.epoch == term.host.epoch(),
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

    fn send_to_server(&mut self, link: LinkId, frame: FromLeader) {
        if !self.net.is_open(link, End::Leader) {
            return;
        }
        if let Some(at) = self.arrival(link, End::Server) {
            self.at(at, Event::Tell(link, frame));
        }
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
        if self.now - term.renewed_at >= RENEW_EVERY
            && self.database.leader.epoch == term.host.epoch()
        {
            term.renewed_at = self.now;
            self.database.leader.renewals += 1;
        }
        if let Some(server) = self.server(place) {
            server.term = Some(term);
        }
        for link in self.net.links_to(place) {
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
            host,
            store,
            unsent,
            ..
        } = term;
        if self.flaw == Some(Flaw::SentAtTheEnd) && end != TermEnd::Killed {
            for outbox in unsent {
                self.send_down(outbox);
            }
        }
        if end == TermEnd::Resigned && self.database.leader.epoch == host.epoch() {
            self.database.disk.sync();
            self.database.leader.holder = None;
        }
        store.vanish();
        for link in self.net.links_to(place) {
            self.close_link(link, End::Leader);
        }
    }
}
