//! The time in which this server writes: from the lease on its storage to the end of its committer.
//!
//! Lease, store, engine, committer and the duties of time are started and stopped as one value. Connections, workers and
//! the listener outlive it: they reach it through a [gate](crate::gate), which it opens when it begins and leaves
//! without a term when it ends; where several servers share a database, by way of whoever leads. If it cannot go on, the term is over; what that means for the process, and whether
//! another one begins, is not decided here.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Context as _;
use tokio::sync::oneshot;
use tokio::time::Instant;
use workmill_cluster::{self as cluster, Epoch};
use workmill_engine::{Engine, OPERATIONS_RUNNING_MAX, Op, OperationsOp, Rules};
use workmill_store::{Resign, Store};

use crate::cluster::{Hall, LinkListener};
use crate::committer::{Committer, Ended, Host, Inbox};
use crate::dump::Dump;
use crate::gate::{Gate as _, Gateway};
use crate::reads::Reads;
use crate::services::{Life, Service, fire_cron, recover_lost, tick};
use crate::shared::Shared;
use crate::threads::Threads;

mod opened;

pub(crate) use opened::Opened;

/// How long the committer may take to end its last group and to close the store. With the time that clients have to stop it
/// stays well below the 90 seconds after which service managers kill a process.
const COMMITTER_STOP_WITHIN: Duration = Duration::from_secs(30);

/// How long all of a term may take to end.
pub(crate) const STOP_WITHIN: Duration =
    COMMITTER_STOP_WITHIN.saturating_add(Duration::from_secs(5));

/// A term.
pub(crate) struct Term {
    /// The way to it for all that outlives it.
    gate: Arc<Gateway>,
    /// The way to what it has committed.
    reads: Arc<Reads>,
    inbox: Arc<Inbox>,
    dump: Arc<Dump>,
    committer: Service,
    /// Where other servers reach it, if there are any.
    hall: Option<Arc<Hall>>,
    /// They ask the engine for what time demands, and for what other servers' clients do.
    duties: Vec<Service>,
    /// Gets the reason if the committer cannot go on.
    fault: oneshot::Receiver<String>,
    /// The reason, once it was told.
    faulted: Option<String>,
    /// Keeps other servers out until all else is closed.
    lease: Box<dyn Resign + Send + Sync>,
}

/// What a term has to know that is one of several servers'.
pub(crate) struct Among {
    /// Where the others come in.
    pub(crate) door: LinkListener,
    /// Which leadership it is.
    pub(crate) epoch: Epoch,
}

/// How a term ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum TermEnd {
    /// All that waited has been run, and the store is closed: it is free for the next term.
    Over,
    /// It could not go on; why. What was committed last is unknown, and its commands were not answered.
    Faulted(String),
    /// The committer does not end, and the store is still open.
    Stuck,
}

impl Term {
    /// Starts a term with the right to write and the store, and opens the gate to it.
    pub(crate) fn start<S: Store + Send + 'static>(
        lease: Box<dyn Resign + Send + Sync>,
        opened: Opened<S>,
        rules: Rules,
        shared: &Arc<Shared>,
        threads: Threads,
        among: Option<Among>,
    ) -> anyhow::Result<Self> {
        let Opened { store, logs, made } = opened;
        let now = shared.clock.uptime();
        let servers = among
            .as_ref()
            .map(|among| cluster::Host::new(among.epoch, logs, now));
        let reading = Arc::new(store.reader());
        let engine = Engine::with_made(rules, made);
        let inbox: Arc<Inbox> = Arc::default();
        let host = Host {
            gate: Arc::<Gateway>::clone(&shared.engine),
            clock: Arc::clone(&shared.clock),
            meters: Arc::clone(&shared.meters),
            threads,
            links: Arc::default(),
        };
        let links = Arc::clone(&host.links);
        let ended = Committer::start(store, engine, Arc::clone(&inbox), host, servers)
            .context("cannot start the committer")?;
        shared.engine.open(Arc::<Inbox>::clone(&inbox));
        let (committer, fault) = look_after(ended, Arc::clone(&inbox));
        shared.reads.open(reading);
        for _ in 0..OPERATIONS_RUNNING_MAX {
            let resume = Op::Operations(OperationsOp::Resume);
            shared.engine.submit_unanswered(resume);
        }
        let mut duties = tick(shared);
        duties.push(fire_cron(shared));
        duties.push(recover_lost(shared));
        let hall = among
            .as_ref()
            .map(|_| Arc::new(Hall::new(shared, &inbox, links)));
        duties.extend(
            hall.iter()
                .zip(among)
                .map(|(hall, among)| among.door.open(Arc::clone(hall))),
        );
        Ok(Self {
            hall,
            dump: Arc::new(Dump::new(Arc::clone(&inbox))),
            gate: Arc::clone(&shared.engine),
            reads: Arc::clone(&shared.reads),
            inbox,
            committer,
            duties,
            fault,
            faulted: None,
            lease,
        })
    }

    /// Waits until all of it has started.
    pub(crate) async fn started(&mut self) {
        self.committer.started().await;
        for duty in &mut self.duties {
            duty.started().await;
        }
    }

    /// Changes the rules, from the next group on.
    pub(crate) fn set_rules(&self, rules: Rules) {
        self.inbox.set_rules(rules);
    }

    /// What writes into the log what is going on.
    pub(crate) fn dump(&self) -> Arc<Dump> {
        Arc::clone(&self.dump)
    }

    /// Where other servers reach it, if there are any.
    pub(crate) fn hall(&self) -> Option<&Arc<Hall>> {
        self.hall.as_ref()
    }

    /// Waits until it cannot go on, and tells why. May be dropped and called again; once it has told, not.
    pub(crate) async fn fault(&mut self) -> String {
        let reason = (&mut self.fault).await;
        let reason = reason.unwrap_or_else(|_| "the committer has vanished".to_owned());
        self.faulted = Some(reason.clone());
        reason
    }

    /// Asks the duties to stop, and does not wait for their end.
    pub(crate) fn ask_to_stop(&self) {
        for duty in &self.duties {
            duty.ask_to_stop();
        }
    }

    /// Ends it: the duties until `deadline`, then the committer, which runs what waits and closes the store; the lease last.
    pub(crate) async fn stop(&mut self, deadline: Instant) -> TermEnd {
        self.ask_to_stop();
        for duty in self.duties.iter_mut().rev() {
            duty.stop(deadline).await;
        }
        let deadline = Instant::now() + COMMITTER_STOP_WITHIN;
        let has_ended = self.committer.stop(deadline).await;
        self.gate.suspend();
        self.reads.close();
        if !has_ended {
            return TermEnd::Stuck;
        }
        let reason = self.faulted.take().or_else(|| self.fault.try_recv().ok());
        if let Some(reason) = reason {
            return TermEnd::Faulted(reason);
        }
        if let Err(error) = self.lease.resign() {
            tracing::error!(%error, "the storage could not be given up: other servers may have to wait for it");
        }
        TermEnd::Over
    }

    /// Ends it without waiting for anything, where others are kept from harm by the number of the epoch: what is under way may still
    /// be run, or not. The lease is given up.
    pub(crate) fn abandon(self) {
        self.ask_to_stop();
        self.gate.suspend();
        self.reads.close();
        self.inbox.close();
    }
}

/// Makes the committer a service. The receiver gets the reason if it cannot go on.
fn look_after(
    mut ended: oneshot::Receiver<Ended>,
    inbox: Arc<Inbox>,
) -> (Service, oneshot::Receiver<String>) {
    let (fault_sink, fault) = oneshot::channel();
    let service = Service::start("committer", |mut life: Life| async move {
        life.started();
        let ended = tokio::select! {
            ended = &mut ended => ended,
            () = life.stopping() => {
                inbox.close();
                ended.await
            }
        };
        let reason = match ended {
            Ok(Ended::Stopped) => return,
            Ok(Ended::Faulted(reason)) => reason,
            Err(_) => "the committer has vanished".to_owned(),
        };
        // If nobody listens, the server is past caring.
        fault_sink.send(reason).ok();
    });
    (service, fault)
}

#[cfg(test)]
mod tests;
