//! The link of a server to the one that leads.

use std::time::Duration;

use rand::Rng as _;
use workmill_cluster::{Epoch, FromLeader, LINK_SILENT, LinkId, LinkLoss, ToLeader};
use workmill_engine::{Op, Outcome, ServerId};

use super::{Place, Server};
use crate::event::Event;
use crate::flaw::Flaw;
use crate::net::End;
use crate::world::{MILLIS, World};

impl World {
    pub(super) fn send_up(&mut self, link: LinkId, frame: ToLeader) {
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

    /// Says that the link is alive, and notices if it is not.
    pub(super) fn watch_uplink(&mut self, place: Place) {
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
    pub(super) fn connect(&mut self, place: Place, epoch: Epoch, holder: ServerId) {
        let Some(server) = self.server(place) else {
            return;
        };
        if let Some(link) = server.uplink {
            if server.uplink_epoch == epoch {
                return;
            }
            self.close_link(link, End::Server);
        }
        let mut servers = self.servers.iter().enumerate();
        let leader =
            servers.find(|(_, server)| server.is_up && server.forwarder.server() == holder);
        let Some((index, leader)) = leader else {
            let at = self.now + self.rng.random_range(100..5 * MILLIS);
            self.at(at, Event::Refused(place, epoch));
            return;
        };
        let leader = Place {
            index,
            run: leader.run,
        };
        self.link(place, leader, epoch);
    }

    /// Nobody listens where the leader was.
    pub(crate) fn refused(&mut self, place: Place, epoch: Epoch) {
        if let Some(server) = self.server(place)
            && server.uplink.is_none()
        {
            server.candidate.unlinked(epoch, LinkLoss::Refused);
        }
    }

    /// Makes a link to the leader of an epoch, and says on it what a server says first.
    pub(crate) fn link(&mut self, place: Place, leader: Place, epoch: Epoch) {
        let link = self.net.connect(place, leader, self.now);
        let flaw = self.flaw;
        let Some(server) = self.server(place) else {
            return;
        };
        server.uplink = Some(link);
        server.uplink_epoch = epoch;
        server.candidate.linked(epoch);
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
                    let epoch = server.uplink_epoch;
                    server.candidate.unlinked(epoch, LinkLoss::Broken);
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
