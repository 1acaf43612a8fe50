//! The life of one of several servers: it follows, it leads, it follows again.

use std::sync::Arc;
use std::time::Duration;

use parking_lot::Mutex;
use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use workmill_cluster::Epoch;
use workmill_engine::Rules;
use workmill_store::postgres::{PostgresReads, Target};
use workmill_web::Standing;

use super::Order;
use super::contest::{Contest, Looked};
use crate::cluster::{Leader, LinkListener};
use crate::database::Reign;
use crate::dump;
use crate::services::Life;
use crate::settings::Binding;
use crate::shared::Shared;
use crate::term::{Among, Term, TermEnd};
use crate::threads::Threads;

/// The committer waits for the database, so it has a thread of its own: connections are served meanwhile.
const THREADS: Threads = Threads::Many(1);

/// How long that which time demands may take to stop, at the end: others wait for that.
const DUTIES_STOP_WITHIN: Duration = Duration::from_secs(1);

/// How a time as the one that leads has ended.
enum Led {
    /// The server is to stop, and its term has ended so.
    Stopped(TermEnd),
    /// It could not go on.
    Lost,
    /// It has not begun.
    NotBegun,
}

/// What goes on as long as the process does.
pub(super) struct MemberLife {
    pub(super) shared: Arc<Shared>,
    pub(super) target: Target,
    pub(super) door: LinkListener,
    /// Where other servers reach this one.
    pub(super) address: String,
    /// The epoch whose leader was last warned of.
    pub(super) warned_of: Option<Epoch>,
    pub(super) rules: Rules,
    pub(super) leader: watch::Sender<Leader>,
    pub(super) orders: mpsc::UnboundedReceiver<Order>,
    pub(super) end: Arc<Mutex<TermEnd>>,
}

impl MemberLife {
    /// Follows and leads in turn, until the server is to stop.
    pub(super) async fn run(mut self, mut contest: Contest, mut life: Life) {
        life.started();
        loop {
            // What others write can be read all the while.
            self.shared
                .reads
                .open(Arc::new(PostgresReads::of(&self.target)));
            let reign;
            (contest, reign) = tokio::select! {
                biased;
                () = life.stopping() => return,
                won = self.follow(contest) => won,
            };
            match self.lead(reign, &life).await {
                Led::Stopped(end) => {
                    *self.end.lock() = end;
                    return;
                }
                Led::Lost => contest.rest(),
                Led::NotBegun => contest.rest_after_failure(),
            }
        }
    }

    /// Hands over to whoever leads, until that is this server.
    async fn follow(&mut self, mut contest: Contest) -> (Contest, Reign) {
        let door = self.door.clone();
        loop {
            let looked;
            // Whoever comes meanwhile waits: this server may be about to lead.
            (contest, looked) = contest.look().await;
            match looked {
                Looked::Leads(reign) => return (contest, *reign),
                Looked::Follows(epoch, address) => self.point_to(epoch, &address),
                Looked::Unchanged => {}
            }
            tokio::select! {
                biased;
                never = door.turn_away() => match never {},
                () = contest.time_for_look() => {}
            }
            while let Ok(order) = self.orders.try_recv() {
                self.carry_out(order, None);
            }
        }
    }

    /// Has what clients ask handed over to the leader of an epoch, if it is not already.
    fn point_to(&mut self, epoch: Epoch, address: &str) {
        let points_there = matches!(&*self.leader.borrow(), Leader::There(to, _) if *to == epoch);
        if points_there {
            return;
        }
        match Binding::parse(address) {
            Ok(binding) => {
                tracing::info!(epoch = epoch.0, "the server at {address} leads");
                self.stand(false, epoch, Some(address));
                if address == self.address {
                    tracing::warn!(
                        "that is this server's own address: it has led before it was started again, or two servers have \
                         the same cluster.binding or cluster.address, and each needs its own"
                    );
                }
                self.leader.send_replace(Leader::There(epoch, binding));
            }
            Err(_) => {
                self.leader.send_replace(Leader::Unknown);
                self.stand(false, epoch, None);
                if self.warned_of.replace(epoch) != Some(epoch) {
                    tracing::warn!(
                        epoch = epoch.0,
                        "a server leads that takes no links of others, so nothing can be handed over to it: give it a \
                         cluster.binding, or stop it"
                    );
                }
            }
        }
    }

    /// Lets others see who leads.
    fn stand(&self, leads: bool, epoch: Epoch, leader: Option<&str>) {
        *self.shared.standing.lock() = Some(Standing {
            leads,
            epoch: epoch.0,
            leader: leader.map(str::to_owned),
        });
    }

    fn carry_out(&mut self, order: Order, term: Option<&Term>) {
        match (order, term) {
            (Order::SetRules(rules), term) => {
                self.rules = rules.clone();
                if let Some(term) = term {
                    term.set_rules(rules);
                }
            }
            (Order::Log, Some(term)) => {
                let (dump, shared) = (term.dump(), Arc::clone(&self.shared));
                // Beside it, as it may wait for the database, which may be what is stuck.
                tokio::spawn(async move { dump.log(&shared).await });
            }
            (Order::Log, None) => {
                match &*self.leader.borrow() {
                    Leader::There(epoch, address) => {
                        tracing::info!(epoch = epoch.0, %address, "dump: another server leads");
                    }
                    Leader::Here(_) | Leader::Unknown => tracing::info!("dump: nobody leads"),
                }
                dump::log_clients(&self.shared);
            }
        }
    }

    /// Leads until that cannot go on, or the server is to stop.
    async fn lead(&mut self, reign: Reign, life: &Life) -> Led {
        let Reign {
            lease,
            opened,
            epoch,
            ..
        } = reign;
        let lost = lease.lost();
        let among = Among {
            door: self.door.clone(),
            epoch,
        };
        let rules = self.rules.clone();
        let lease = Box::new(lease);
        let started = Term::start(lease, opened, rules, &self.shared, THREADS, Some(among));
        let mut term = match started {
            Ok(term) => term,
            Err(error) => {
                tracing::error!("cannot begin to lead: {error:#}");
                return Led::NotBegun;
            }
        };
        term.started().await;
        if let Some(hall) = term.hall() {
            self.leader.send_replace(Leader::Here(Arc::clone(hall)));
        }
        self.stand(true, epoch, Some(&self.address));
        tracing::info!(epoch = epoch.0, "leads");
        let reason = loop {
            tokio::select! {
                biased;
                () = life.stopping() => break None,
                () = lost.cancelled() => break Some("another server has taken over".to_owned()),
                reason = term.fault() => break Some(reason),
                Some(order) = self.orders.recv() => self.carry_out(order, Some(&term)),
            }
        };
        self.leader.send_replace(Leader::Unknown);
        self.stand(false, epoch, None);
        let Some(reason) = reason else {
            return Led::Stopped(term.stop(Instant::now() + DUTIES_STOP_WITHIN).await);
        };
        tracing::error!(epoch = epoch.0, "does not lead any more: {reason}");
        // Its clients are not to wait for it: whoever leads next answers them.
        term.abandon();
        Led::Lost
    }
}
