//! A server: what its clients asked, its link to the one that leads, and what it does by itself.

use std::collections::BTreeMap;
use std::time::Duration;

use rand::Rng as _;
use workmill_cluster::{
    Candidate, Forwarder, FromLeader, LINK_SILENT, LinkId, LinkLoss, OpNumber, Received, Step,
    ToLeader,
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
    pub(crate) candidate: Candidate,
    pub(crate) uplink: Option<LinkId>,
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
            candidate: Candidate::new(),
            uplink: None,
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

    fn send_up(&mut self, link: LinkId, frame: ToLeader) {
        if let Some(at) = self.arrival(link, End::Leader) {
            self.at(at, Event::Ask(link, frame));
        }
    }

    /// When something arrives at an end of a link that is sent now; never, if it gets lost.
    pub(crate) fn arrival(&mut self, link: LinkId, end: End) -> Option<u64> {
        let of = self.net.links.get(&link)?;
        let places = [of.server, of.leader];
        let is_isolated = |place: Place| {
            let server = self.servers.get(place.index);
            server.is_some_and(|server| server.isolated_until > self.now)
        };
        if of.server.index != of.leader.index && places.into_iter().any(is_isolated) {
            // Nothing that is sent later arrives before it.
            self.net.mute(link, end);
            return None;
        }
        let takes = self.frame_takes();
        self.net.arrival(link, end, self.now, takes)
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
        let leads_unlinked = self
            .server(place)
            .is_some_and(|server| server.term.is_some() && server.uplink.is_none());
        if leads_unlinked {
            self.link(place, place);
        }
        let (now, row, is_down) = (self.now, self.database.leader, self.database.is_down);
        let Some(server) = self.server(place) else {
            return;
        };
        if is_down || now < server.cut_off_until || server.term.is_some() {
            return;
        }
        server.candidate.observe(row, Duration::from_micros(now));
        match server.candidate.step(Duration::from_micros(now)) {
            Step::Stay => {}
            Step::Connect(holder) => self.connect(place, holder),
            Step::TakeOver(epoch) => self.take_over(place, epoch),
        }
    }

    /// Says that the link is alive, and notices if it is not.
    fn watch_uplink(&mut self, place: Place) {
        let Some(link) = self.server(place).and_then(|server| server.uplink) else {
            return;
        };
        let heard_at = self.net.heard_at(link, End::Server);
        if Duration::from_micros(self.now - heard_at) >= LINK_SILENT {
            self.close_link(link, End::Server);
            return;
        }
        let settled = self
            .server(place)
            .and_then(|server| server.forwarder.settled());
        self.send_up(link, settled.unwrap_or(ToLeader::Settled(Vec::new())));
    }

    /// Connects to the one that leads.
    fn connect(&mut self, place: Place, holder: ServerId) {
        if self
            .server(place)
            .is_none_or(|server| server.uplink.is_some())
        {
            return;
        }
        let mut servers = self.servers.iter().enumerate();
        let leader =
            servers.find(|(_, server)| server.is_up && server.forwarder.server() == holder);
        let Some((index, leader)) = leader else {
            let at = self.now + self.rng.random_range(100..5 * MILLIS);
            self.at(at, Event::Refused(place));
            return;
        };
        let leader = Place {
            index,
            run: leader.run,
        };
        self.link(place, leader);
    }

    /// Nobody listens where the leader was.
    pub(crate) fn refused(&mut self, place: Place) {
        if let Some(server) = self.server(place)
            && server.uplink.is_none()
        {
            server.candidate.unlinked(LinkLoss::Refused);
        }
    }

    /// Makes a link, and says on it what a server says first.
    pub(crate) fn link(&mut self, place: Place, leader: Place) {
        let link = self.net.connect(place, leader, self.now);
        let flaw = self.flaw;
        let Some(server) = self.server(place) else {
            return;
        };
        server.uplink = Some(link);
        server.candidate.linked();
        let mut said = server.forwarder.greet();
        match flaw {
            Some(Flaw::NotAskedAgain) => said.truncate(1),
            Some(Flaw::AskedAgainAsNew) => said = ask_again_as_new(server, said),
            Some(Flaw::ReturnedOnce) => forget_returns(server, &mut said),
            _ => {}
        }
        for frame in said {
            self.send_up(link, frame);
        }
    }

    /// An end of a link learns that it is closed.
    pub(crate) fn closed(&mut self, link: LinkId, end: End) {
        if !self.net.close(link, end) {
            return;
        }
        let Some((server, leader)) = self
            .net
            .links
            .get(&link)
            .map(|link| (link.server, link.leader))
        else {
            return;
        };
        match end {
            End::Server => {
                if let Some(server) = self.server(server)
                    && server.uplink == Some(link)
                {
                    server.uplink = None;
                    server.candidate.unlinked(LinkLoss::Broken);
                }
            }
            End::Leader => self.leader_lost(leader, link),
        }
    }

    /// Closes an end of a link; the other one learns of it, unless the link is mute.
    pub(crate) fn close_link(&mut self, link: LinkId, end: End) {
        self.closed(link, end);
        let other = match end {
            End::Server => End::Leader,
            End::Leader => End::Server,
        };
        if let Some(at) = self.arrival(link, other) {
            self.at(at, Event::Closed(link, other));
        }
    }
}

/// What has no answer, under numbers that the leader does not know.
fn ask_again_as_new(server: &mut Server, said: Vec<ToLeader>) -> Vec<ToLeader> {
    let mut again = Vec::new();
    for frame in said {
        let ToLeader::Ops(ops) = frame else {
            again.push(frame);
            continue;
        };
        for (number, op) in ops {
            let nothing = FromLeader::Answers(vec![(number, Outcome::Nothing)]);
            server.forwarder.receive(nothing);
            let (new, frame) = server.forwarder.submit(op);
            if let Some(client) = server.waiting.remove(&number) {
                server.waiting.insert(new, client);
            }
            again.push(frame);
        }
    }
    again
}

/// Jobs that are being given back count as given back.
fn forget_returns(server: &mut Server, said: &mut [ToLeader]) {
    for frame in said {
        let ToLeader::Ops(ops) = frame else { continue };
        ops.retain(|(number, op)| {
            let is_return = matches!(op, Op::Nack(_));
            if is_return {
                let done = FromLeader::Answers(vec![(*number, Outcome::Ok)]);
                server.forwarder.receive(done);
            }
            !is_return
        });
    }
}
