//! How a server becomes the one that leads.

use std::collections::VecDeque;
use std::time::Duration;

use workmill_cluster::{AnswerLogs, Epoch, Host, LeaderRow};
use workmill_engine::Engine;
use workmill_store::memory::MemoryStore;
use workmill_store::{Store as _, StoreError};

use super::Term;
use crate::event::Event;
use crate::flaw::Flaw;
use crate::net::End;
use crate::ops;
use crate::server::Place;
use crate::world::{MILLIS, World};

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
        self.link(place, place, epoch);
        self.at(self.now + MILLIS, Event::Duties(place, epoch));
        Ok(())
    }
}
