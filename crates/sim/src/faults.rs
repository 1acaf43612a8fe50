//! What goes wrong: processes, links and the database.

use rand::Rng as _;
use rand::seq::IteratorRandom as _;
use workmill_cluster::LinkId;
use workmill_engine::ServerId;
use workmill_store::memory::UnknownCommit;

use crate::event::Event;
use crate::flaw::Flaw;
use crate::net::End;
use crate::server::{Place, Server};
use crate::term::TermEnd;
use crate::world::{MILLIS, SECOND, World};

impl World {
    /// Something goes wrong.
    pub(crate) fn fault(&mut self) {
        if self.is_quiet {
            return;
        }
        let at = self.now + self.rng.random_range(100 * MILLIS..4 * SECOND);
        self.at(at, Event::Fault);
        let leader = self.servers.iter().position(|server| server.term.is_some());
        let anybody = self.rng.random_range(0..self.servers.len());
        // The leader has most of it.
        let index = leader
            .filter(|_| self.rng.random_bool(0.6))
            .unwrap_or(anybody);
        match self.rng.random_range(0..100) {
            0..22 => self.kill(index),
            22..38 => self.freeze(index),
            38..52 => self.break_link(),
            52..64 => self.mute_link(),
            64..72 => self.cut_off(index),
            72..76 => self.isolate(index),
            76..82 => self.crash_database(),
            82..92 => self.leave_unknown(),
            _ => self.resign(index),
        }
    }

    fn place(&self, index: usize) -> Option<Place> {
        let server = self.servers.get(index)?;
        server.is_up.then_some(Place {
            index,
            run: server.run,
        })
    }

    /// Ends a process at once.
    pub(crate) fn kill(&mut self, index: usize) {
        let Some(place) = self.place(index) else {
            return;
        };
        if let Some(term) = self.server(place).and_then(|server| server.term.take()) {
            self.end_term(place, term, TermEnd::Killed);
        }
        self.stop(place);
    }

    /// Ends a process in good order, as far as the leadership goes.
    fn resign(&mut self, index: usize) {
        let Some(place) = self.place(index) else {
            return;
        };
        if let Some(term) = self.server(place).and_then(|server| server.term.take()) {
            self.end_term(place, term, TermEnd::Resigned);
        }
        self.stop(place);
    }

    /// A process is no more: its connections are closed, and it starts again later.
    fn stop(&mut self, place: Place) {
        let Some(server) = self.server(place) else {
            return;
        };
        server.is_up = false;
        let uplink = server.uplink.take();
        if let Some(link) = uplink {
            self.net.close(link, End::Server);
            self.tell_other_end(link, End::Leader);
        }
        self.history.server_gone(place.index, self.now);
        let clients = self.clients.iter().enumerate();
        let clients = clients.filter(|(_, client)| client.place == Some(place));
        let clients: Vec<(usize, u64)> = clients
            .map(|(index, client)| (index, client.connection))
            .collect();
        for (client, connection) in clients {
            let at = self.now + self.rng.random_range(MILLIS..20 * MILLIS);
            self.at(at, Event::Hangup { client, connection });
        }
        let at = self.now + self.rng.random_range(200 * MILLIS..20 * SECOND);
        self.at(at, Event::Start(place.index));
    }

    fn tell_other_end(&mut self, link: LinkId, end: End) {
        if let Some(at) = self.arrival(link, end) {
            self.at(at, Event::Closed(link, end));
        }
    }

    /// A server starts, as another one than it was.
    pub(crate) fn start(&mut self, index: usize) {
        let now = self.now;
        let name: u64 = self.rng.random_range(1..u64::MAX >> 1);
        let reuses_name = self.flaw == Some(Flaw::NameReused);
        let Some(server) = self.servers.get_mut(index) else {
            return;
        };
        if server.is_up {
            return;
        }
        let old = server.forwarder.server();
        let id = if reuses_name { old } else { ServerId(name) };
        let run = server.run + 1;
        *server = Server::new(id, run, now);
        self.at(now + MILLIS, Event::Watch(Place { index, run }));
    }

    /// A process stands still, with all its connections.
    fn freeze(&mut self, index: usize) {
        let until = self.now + self.rng.random_range(200 * MILLIS..7 * SECOND);
        if let Some(server) = self.servers.get_mut(index) {
            server.frozen_until = until;
        }
    }

    fn some_link(&mut self) -> Option<LinkId> {
        let links = self.net.links.iter();
        // A server's link to itself is no link.
        let links = links.filter(|(_, link)| link.server.index != link.leader.index);
        links.map(|(&id, _)| id).choose(&mut self.rng)
    }

    /// A link is cut, and both ends learn of it.
    fn break_link(&mut self) {
        if let Some(link) = self.some_link() {
            self.tell_other_end(link, End::Server);
            self.tell_other_end(link, End::Leader);
        }
    }

    /// Nothing arrives any more at an end of a link, or at both, and nobody is told.
    fn mute_link(&mut self) {
        let mute = *[[true, false], [false, true], [true, true]]
            .iter()
            .choose(&mut self.rng)
            .unwrap_or(&[true, true]);
        if let Some(id) = self.some_link()
            && let Some(link) = self.net.links.get_mut(&id)
        {
            link.mute = mute;
        }
    }

    /// A server cannot reach the database.
    fn cut_off(&mut self, index: usize) {
        let until = self.now + self.rng.random_range(200 * MILLIS..6 * SECOND);
        if let Some(server) = self.servers.get_mut(index) {
            server.cut_off_until = until;
        }
    }

    /// A server cannot reach the others, for longer than they wait for it.
    fn isolate(&mut self, index: usize) {
        let until = self.now + self.rng.random_range(SECOND..20 * SECOND);
        if let Some(server) = self.servers.get_mut(index) {
            server.isolated_until = until;
        }
    }

    /// The database's machine loses its power.
    fn crash_database(&mut self) {
        if !self.database.is_down {
            self.database.crash();
            let at = self.now + self.rng.random_range(100 * MILLIS..3 * SECOND);
            self.at(at, Event::DatabaseStarts);
        }
    }

    /// Nobody learns whether the next commit happened.
    pub(crate) fn leave_unknown(&mut self) {
        self.unknown_commit = Some(match self.rng.random_bool(0.5) {
            true => UnknownCommit::Kept,
            false => UnknownCommit::Lost,
        });
    }
}
