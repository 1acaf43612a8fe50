//! Clients: what they share. They talk to one server at a time, and to another one when that is gone.

mod producer;
mod worker;

use rand::Rng as _;
use rand::seq::IteratorRandom as _;
use workmill_engine::{Op, Outcome};

pub(crate) use producer::Producer;
pub(crate) use worker::Worker;

use crate::event::Event;
use crate::server::Place;
use crate::world::{MILLIS, SECOND, World};

/// For how long a client waits for an answer before that is a fault: longer than any takeover takes.
const PATIENCE: u64 = 90 * SECOND;

/// A client.
#[derive(Debug)]
pub(crate) struct Client {
    pub(crate) kind: Kind,
    /// Where it is connected.
    pub(crate) place: Option<Place>,
    /// Which connection it is; no two are the same.
    pub(crate) connection: u64,
    /// Since when it waits for an answer.
    pub(crate) asked_at: Option<u64>,
}

/// What a client does.
#[derive(Debug)]
pub(crate) enum Kind {
    Producer(Producer),
    Worker(Worker),
}

impl Client {
    pub(crate) fn new(kind: Kind) -> Self {
        Self {
            kind,
            place: None,
            connection: 0,
            asked_at: None,
        }
    }

    /// Its name, if it is a worker.
    pub(crate) fn wid(&self) -> Option<&str> {
        match &self.kind {
            Kind::Producer(_) => None,
            Kind::Worker(worker) => Some(&worker.wid),
        }
    }
}

impl World {
    /// Whether a client is still on this connection.
    pub(crate) fn is_connected(&self, client: usize, place: Place, connection: u64) -> bool {
        let client = self.clients.get(client);
        client.is_some_and(|client| client.place == Some(place) && client.connection == connection)
    }

    /// A client does the next thing.
    pub(crate) fn client(&mut self, index: usize) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.asked_at.is_some() {
            return;
        }
        if client.place.is_none() && !self.connect_client(index) {
            self.at(now + 50 * MILLIS, Event::Client(index));
            return;
        }
        let is_quiet = self.is_quiet;
        let wall = self.wall();
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        let Some(place) = client.place else { return };
        let server = self.servers.get(place.index);
        let Some(server) = server.map(|server| server.forwarder.server()) else {
            return;
        };
        let op = match &mut client.kind {
            Kind::Producer(_) if is_quiet => return,
            Kind::Producer(producer) => producer.next(wall, &mut self.rng, &mut self.history),
            Kind::Worker(worker) => Ok(worker.next(server, &mut self.history)),
        };
        match op {
            Ok(Some(op)) => self.ask_server(index, op),
            Ok(None) => self.rest(index),
            Err(error) => self.history.fault(format!("an op cannot be made: {error}")),
        }
    }

    fn rest(&mut self, index: usize) {
        let at = self.now + self.rng.random_range(MILLIS..40 * MILLIS);
        self.at(at, Event::Client(index));
    }

    fn ask_server(&mut self, index: usize, op: Op) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        client.asked_at = Some(now);
        let connection = client.connection;
        if let Some(place) = client.place {
            if self.rng.random_bool(0.003) {
                let client = index;
                let at = now + self.rng.random_range(0..20 * MILLIS);
                self.at(at, Event::Leave { client, connection });
            }
            self.submit(place, index, connection, op);
        }
    }

    /// Connects a client to some server that is up.
    fn connect_client(&mut self, index: usize) -> bool {
        let up = self.servers.iter().enumerate();
        let up = up.filter(|(_, server)| server.is_up);
        let places = up.map(|(index, server)| Place {
            index,
            run: server.run,
        });
        let Some(place) = places.choose(&mut self.rng) else {
            return false;
        };
        self.connections += 1;
        let connection = self.connections;
        if let Some(client) = self.clients.get_mut(index) {
            client.place = Some(place);
            client.connection = connection;
        }
        true
    }

    /// A client is answered.
    pub(crate) fn answer_client(&mut self, index: usize, outcome: Outcome, place: Place) {
        let now = self.now;
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        client.asked_at = None;
        let busy_for = match &mut client.kind {
            Kind::Producer(producer) => {
                producer.answered(&outcome, &mut self.history);
                None
            }
            Kind::Worker(worker) => {
                worker.answered(outcome, place, now, &mut self.rng, &mut self.history)
            }
        };
        match busy_for {
            Some(busy_for) => self.at(now + busy_for, Event::Client(index)),
            None => self.rest(index),
        }
    }

    /// A client closes this connection, and goes elsewhere.
    pub(crate) fn leave(&mut self, index: usize, connection: u64) {
        let client = self.clients.get(index);
        let client = client.filter(|client| client.connection == connection);
        if let Some(place) = client.and_then(|client| client.place) {
            self.hang_up(index, connection);
            self.client_left(place, connection);
        }
    }

    /// A client notices that its server is gone.
    pub(crate) fn hang_up(&mut self, index: usize, connection: u64) {
        let Some(client) = self.clients.get_mut(index) else {
            return;
        };
        if client.connection != connection || client.place.take().is_none() {
            return;
        }
        if client.asked_at.take().is_some() {
            match &mut client.kind {
                Kind::Producer(producer) => producer.unanswered(&mut self.history),
                Kind::Worker(worker) => worker.unanswered(),
            }
        }
        self.rest(index);
    }

    /// Somebody waits for too long.
    pub(crate) fn check_patience(&mut self) {
        let frozen = |place: Place| {
            let server = self.servers.get(place.index);
            server.is_some_and(|server| server.frozen_until + PATIENCE > self.now)
        };
        let waiting = self.clients.iter().enumerate().filter(|(_, client)| {
            let asked_at = client.asked_at.unwrap_or(self.now);
            asked_at + PATIENCE < self.now && !client.place.is_some_and(frozen)
        });
        let waiting: Vec<usize> = waiting.map(|(index, _)| index).collect();
        for index in waiting {
            self.history.fault(format!("client {index} gets no answer"));
        }
    }
}
