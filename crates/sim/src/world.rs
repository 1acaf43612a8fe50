//! The loop: what happens, in the order of its moments.

use std::collections::BTreeMap;
use std::sync::Arc;

use rand::rngs::SmallRng;
use rand::{Rng as _, SeedableRng as _};
use workmill_engine::{CronTable, ServerId};
use workmill_proto::Timestamp;
use workmill_store::memory::{MemoryStore, UnknownCommit};

use crate::client::{Client, Kind, Producer, Worker};
use crate::database::Database;
use crate::event::Event;
use crate::flaw::Flaw;
use crate::history::{History, Violation};
use crate::net::Net;
use crate::ops;
use crate::server::{Place, Server};

/// A millisecond, in microseconds.
pub(crate) const MILLIS: u64 = 1_000;
/// A second.
pub(crate) const SECOND: u64 = 1_000 * MILLIS;
/// A minute.
const MINUTE: u64 = 60 * SECOND;

/// When it all begins, in microseconds since 1970: some moment within a minute.
const EPOCH: i64 = 1_780_000_012_345_678;

const SERVERS: usize = 3;
const PRODUCERS: usize = 4;
const WORKERS: usize = 8;

/// How long it is quiet at the end, so that all that is left can be done. Jobs that failed are tried again within it; no
/// reservation ends by itself.
const QUIET: u64 = 25 * MINUTE;

/// How often it is looked whether somebody waits for too long.
const PATIENCE_EVERY: u64 = 10 * SECOND;

/// All there is.
#[derive(Debug)]
pub struct World {
    pub(crate) now: u64,
    serial: u64,
    events: BTreeMap<(u64, u64), Event>,
    pub(crate) rng: SmallRng,
    pub(crate) flaw: Option<Flaw>,
    pub(crate) database: Database,
    pub(crate) net: Net,
    pub(crate) servers: Vec<Server>,
    pub(crate) clients: Vec<Client>,
    pub(crate) connections: u64,
    pub(crate) cron: Arc<CronTable>,
    pub(crate) history: History,
    pub(crate) groups: u64,
    steps: u64,
    /// What becomes of the next commit.
    pub(crate) unknown_commit: Option<UnknownCommit>,
    /// A store that was opened before its time, with [`Flaw::LoadBeforeTakeover`].
    pub(crate) loaded_early: Option<MemoryStore>,
    /// Whether faults and producers are over.
    pub(crate) is_quiet: bool,
    next_look: u64,
}

/// What a run came to.
#[derive(Debug)]
pub struct Report {
    /// How many events there were.
    pub steps: u64,
    /// How long it took, in simulated seconds.
    pub secs: u64,
    /// How often leaders changed.
    pub takeovers: u64,
    /// How many groups were committed.
    pub groups: u64,
    /// How many jobs were ended.
    pub jobs: u64,
    /// What went wrong.
    pub violations: Vec<Violation>,
}

/// Runs a world for about so many events, until the first violation or the end.
///
/// # Errors
/// The simulator itself is wrong.
pub fn run(seed: u64, steps: u64, flaw: Option<Flaw>) -> anyhow::Result<Report> {
    let mut world = World::new(seed, flaw)?;
    world.run(steps);
    Ok(world.report())
}

impl World {
    /// A world in which nothing has happened.
    ///
    /// # Errors
    /// The simulator itself is wrong.
    pub fn new(seed: u64, flaw: Option<Flaw>) -> anyhow::Result<Self> {
        let mut rng = SmallRng::seed_from_u64(seed);
        let servers = (0..SERVERS).map(|_| {
            let name = rng.random_range(1..u64::MAX >> 1);
            Server::new(ServerId(name), 1, 0)
        });
        let servers = servers.collect();
        let producers = (0..PRODUCERS).map(|index| Kind::Producer(Producer::new(index)));
        let workers = (0..WORKERS).map(|index| Kind::Worker(Worker::new(index)));
        let mut world = Self {
            now: 0,
            serial: 0,
            events: BTreeMap::new(),
            rng,
            flaw,
            database: Database::default(),
            net: Net::default(),
            servers,
            clients: producers.chain(workers).map(Client::new).collect(),
            connections: 0,
            cron: Arc::new(ops::cron_table()?),
            history: History::default(),
            groups: 0,
            steps: 0,
            unknown_commit: None,
            loaded_early: None,
            is_quiet: false,
            next_look: 0,
        };
        for index in 0..SERVERS {
            world.at(MILLIS, Event::Watch(Place { index, run: 1 }));
        }
        for index in 0..world.clients.len() {
            world.at(2 * MILLIS, Event::Client(index));
        }
        world.at(3 * SECOND, Event::Fault);
        Ok(world)
    }

    /// Lets so many events happen, and then all that is left.
    fn run(&mut self, steps: u64) {
        for _ in 0..steps {
            if !self.step() {
                return;
            }
        }
        self.is_quiet = true;
        for server in &mut self.servers {
            server.cut_off_until = 0;
            server.isolated_until = 0;
        }
        let until = self.now + QUIET;
        while self.now < until && self.step() {
            if self.history.backlog() == 0 && self.now + QUIET > until + MINUTE {
                break;
            }
        }
        if !self.history.violations().is_empty() {
            return;
        }
        let began = EPOCH.unsigned_abs() / MINUTE;
        let ended = (EPOCH.unsigned_abs() + self.now) / MINUTE;
        self.history
            .settle(usize::try_from(ended - began).unwrap_or(usize::MAX));
    }

    fn report(self) -> Report {
        Report {
            steps: self.steps,
            secs: self.now / SECOND,
            takeovers: self.history.takeovers,
            groups: self.history.groups,
            jobs: self.history.ended,
            violations: self.history.violations().to_vec(),
        }
    }

    /// Something happens at a moment.
    pub(crate) fn at(&mut self, at: u64, event: Event) {
        self.serial += 1;
        self.events.insert((at.max(self.now), self.serial), event);
    }

    /// How long a frame takes.
    pub(crate) fn frame_takes(&mut self) -> u64 {
        match self.rng.random_range(0..100) {
            0 => self.rng.random_range(10 * MILLIS..800 * MILLIS),
            _ => self.rng.random_range(50..3 * MILLIS),
        }
    }

    /// What wall clocks show.
    pub(crate) fn wall(&self) -> Timestamp {
        Timestamp::from_micros(EPOCH.saturating_add_unsigned(self.now))
    }

    /// The next thing happens. Tells whether there is more to see.
    fn step(&mut self) -> bool {
        let Some(((at, _), event)) = self.events.pop_first() else {
            return false;
        };
        self.now = at;
        self.steps += 1;
        if let Some(until) = self.stands_still(&event) {
            self.at(until, event);
            return true;
        }
        self.happen(event);
        if self.now >= self.next_look {
            self.next_look = self.now + PATIENCE_EVERY;
            self.check_patience();
            self.net.tidy();
        }
        self.history.violations().is_empty()
    }

    /// Until when the server stands still that this would happen to.
    fn stands_still(&self, event: &Event) -> Option<u64> {
        let index = match event {
            Event::Ask(link, _) | Event::Closed(link, crate::net::End::Leader) => {
                self.net.links.get(link)?.leader.index
            }
            Event::Tell(link, _) | Event::Closed(link, crate::net::End::Server) => {
                self.net.links.get(link)?.server.index
            }
            Event::Refused(place, _)
            | Event::Watch(place)
            | Event::Group(place, _)
            | Event::Synced(place, _, _)
            | Event::Duties(place, _) => place.index,
            Event::Reply(reply) => reply.place.index,
            Event::Client(_)
            | Event::Hangup { .. }
            | Event::Leave { .. }
            | Event::Fault
            | Event::Start(_)
            | Event::DatabaseStarts => return None,
        };
        let until = self.servers.get(index)?.frozen_until;
        (until > self.now).then_some(until)
    }

    fn happen(&mut self, event: Event) {
        match event {
            Event::Client(index) => self.client(index),
            Event::Reply(reply) => self.reply(reply),
            Event::Hangup { client, connection } => self.hang_up(client, connection),
            Event::Leave { client, connection } => self.leave(client, connection),
            Event::Ask(link, frame) => self.ask(link, frame),
            Event::Tell(link, frame) => self.tell(link, frame),
            Event::Closed(link, end) => self.closed(link, end),
            Event::Refused(place, epoch) => self.refused(place, epoch),
            Event::Watch(place) => self.watch(place),
            Event::Group(place, epoch) => self.group(place, epoch),
            Event::Synced(place, epoch, upto) => self.synced(place, epoch, upto),
            Event::Duties(place, epoch) => self.duties(place, epoch),
            Event::Fault => self.fault(),
            Event::Start(index) => self.start(index),
            Event::DatabaseStarts => self.database.is_down = false,
        }
    }
}
