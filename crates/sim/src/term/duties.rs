//! What time demands of the one that leads.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;

use workmill_cluster::{Epoch, Gone};
use workmill_engine::{Duty, Op};

use crate::event::Event;
use crate::flaw::Flaw;
use crate::server::{Place, Server};
use crate::world::{SECOND, World};

impl World {
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
    fn note_gone(&mut self, gone: &[Gone]) {
        let lost_jobs = |server: &&Server| {
            let gone = gone.iter().filter(|gone| gone.jobs > 0);
            gone.into_iter()
                .any(|gone| gone.server == server.forwarder.server())
        };
        for index in 0..self.servers.len() {
            let server = self.servers.get(index).filter(lost_jobs);
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
}
