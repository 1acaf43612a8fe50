//! A server: what its clients asked, its link to the one that leads, and what it does by itself.

mod uplink;

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng as _;
use workmill_cluster::{
    Candidate, Epoch, Forwarder, FromLeader, LinkId, OpNumber, Received, Step, ToLeader,
};
use workmill_engine::{Op, Outcome, ServerId};

use crate::event::{Event, Reply};
use crate::flaw::Flaw;
use crate::net::End;
use crate::term::Term;
use crate::world::{MILLIS, World};

/// How often a server looks after itself.
pub(crate) const WATCH_EVERY: u64 = 100 * MILLIS;

/// One run of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) index: usize,
    /// Which run.
    pub(crate) run: u64,
}

/// A server.
#[derive(Debug)]
pub(crate) struct Server {
    pub(crate) run: u64,
    pub(crate) is_up: bool,
    pub(crate) started_at: u64,
    pub(crate) frozen_until: u64,
    /// Until when it cannot reach the database.
    pub(crate) cut_off_until: u64,
    /// Until when it cannot reach other servers, and they cannot reach it.
    pub(crate) isolated_until: u64,
    pub(crate) forwarder: Forwarder,
    pub(crate) candidate: Candidate<ServerId>,
    pub(crate) uplink: Option<LinkId>,
    /// The epoch of the leader at the other end of that.
    pub(crate) uplink_epoch: Epoch,
    pub(crate) term: Option<Term>,
    /// Which client waits for which answer, on which connection.
    pub(crate) waiting: BTreeMap<OpNumber, (usize, u64)>,
}

impl Server {
    pub(crate) fn new(id: ServerId, run: u64, now: u64) -> Self {
        Self {
            run,
            is_up: true,
            started_at: now,
            frozen_until: 0,
            cut_off_until: 0,
            isolated_until: 0,
            forwarder: Forwarder::new(id),
            candidate: Candidate::default(),
            uplink: None,
            uplink_epoch: Epoch::default(),
            term: None,
            waiting: BTreeMap::new(),
        }
    }
}

impl World {
    /// The server, if this run of it goes on.
    pub(crate) fn server(&mut self, place: Place) -> Option<&mut Server> {
        let server = self.servers.get_mut(place.index)?;
        (server.is_up && server.run == place.run).then_some(server)
    }

    /// A client asks its server for something.
    pub(crate) fn submit(&mut self, place: Place, client: usize, connection: u64, op: Op) {
        let Some(server) = self.server(place) else {
            return;
        };
        let (number, frame) = server.forwarder.submit(op);
        server.waiting.insert(number, (client, connection));
        self.say(place, frame);
    }

    /// Sends a frame to the leader, if there is a link to it.
    fn say(&mut self, place: Place, frame: ToLeader) {
        let settled = self
            .server(place)
            .and_then(|server| server.forwarder.settled());
        if let Some(uplink) = self.server(place).and_then(|server| server.uplink) {
            for frame in settled.into_iter().chain([frame]) {
                self.send_up(uplink, frame);
            }
        }
    }

    /// A frame has come from the leader.
    pub(crate) fn tell(&mut self, link: LinkId, frame: FromLeader) {
        let Some(place) = self.net.links.get(&link).map(|link| link.server) else {
            return;
        };
        if !self.net.is_open(link, End::Server) {
            return;
        }
        self.net.hear(link, End::Server, self.now);
        let Some(server) = self.server(place) else {
            return;
        };
        match server.forwarder.receive(frame) {
            Received::Forgotten => {
                self.history.note_forgotten(self.now);
                self.kill(place.index);
            }
            Received::Answers(answers) => {
                for (number, outcome) in answers {
                    self.pass_on(place, number, outcome);
                }
            }
        }
    }

    /// Passes an answer on to whoever waits for it.
    fn pass_on(&mut self, place: Place, number: OpNumber, outcome: Outcome) {
        let settles_early = self.flaw == Some(Flaw::SettledOnReceipt);
        let Some(server) = self.server(place) else {
            return;
        };
        if settles_early && matches!(outcome, Outcome::Job(_)) {
            server.forwarder.delivered(number);
            let settled = server.forwarder.settled();
            if let (Some(uplink), Some(frame)) = (server.uplink, settled) {
                self.send_up(uplink, frame);
            }
        }
        let Some(server) = self.server(place) else {
            return;
        };
        let Some((client, connection)) = server.waiting.remove(&number) else {
            return;
        };
        // Some clients are slow to read.
        let takes = match self.rng.random_range(0..50) {
            0 => 50..600 * MILLIS,
            _ => 50..2 * MILLIS,
        };
        let at = self.now + self.rng.random_range(takes);
        let reply = Reply {
            place,
            client,
            connection,
            number,
            outcome,
        };
        self.at(at, Event::Reply(reply));
    }

    /// A reply has reached its client, or found it gone.
    pub(crate) fn reply(&mut self, reply: Reply) {
        let Reply {
            place,
            client,
            connection,
            number,
            outcome,
        } = reply;
        let tag = match &outcome {
            Outcome::Job(job) => Some(job.tag),
            _ => None,
        };
        let is_there = self.is_connected(client, place, connection);
        if is_there {
            self.answer_client(client, outcome, place);
        }
        let Some(server) = self.server(place) else {
            return;
        };
        match (is_there, tag) {
            (true, _) => server.forwarder.delivered(number),
            (false, Some(tag)) => {
                let frame = server.forwarder.returned(number, tag);
                self.say(place, frame);
            }
            (false, None) => {}
        }
    }

    /// The client of a connection is gone: whoever waits for it does so no more.
    pub(crate) fn client_left(&mut self, place: Place, connection: u64) {
        let Some(server) = self.server(place) else {
            return;
        };
        let waiting = server.waiting.iter();
        let left = waiting.filter(|(_, (_, of))| *of == connection);
        let left: Vec<OpNumber> = left.map(|(&number, _)| number).collect();
        for number in left {
            let frame = self
                .server(place)
                .and_then(|server| server.forwarder.forget(number));
            if let Some(frame) = frame {
                self.say(place, frame);
            }
        }
    }

    /// A server looks after itself.
    pub(crate) fn watch(&mut self, place: Place) {
        if self.server(place).is_none() {
            return;
        }
        self.at(self.now + WATCH_EVERY, Event::Watch(place));
        self.watch_term(place);
        self.watch_uplink(place);
        let leads_unlinked = self.server(place).and_then(|server| {
            let term = server.term.as_ref()?;
            server.uplink.is_none().then_some(term.epoch())
        });
        if let Some(epoch) = leads_unlinked {
            self.link(place, place, epoch);
        }
        let (now, row, is_down) = (self.now, self.database.leader, self.database.is_down);
        let Some(server) = self.server(place) else {
            return;
        };
        if is_down || now < server.cut_off_until || server.term.is_some() {
            return;
        }
        let now = Duration::from_micros(now);
        match server.candidate.observe(row, now, now) {
            Step::Stay => {}
            Step::Connect(epoch, holder) => self.connect(place, epoch, holder),
            Step::TakeOver(epoch) => self.take_over(place, epoch),
        }
    }
}
