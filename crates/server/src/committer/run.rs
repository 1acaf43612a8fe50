//! The loop that owns the store and the engine.

mod attempt;

use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;
use workmill_engine::{Engine, Request};
use workmill_store::{Store, StoreError, Syncer as _};

use super::acknowledger::{Acknowledger, Gone};
use super::alarm::Alarm;
use super::group::{Backlog, GROUP_BYTES_MAX, GROUP_WEIGHT_MAX};
use super::inbox::Inbox;
use super::infos::Infos;
use super::order::put_alike_together;
use super::reply::{Exits, Reply};
use super::servers::Servers;
use super::waiters::Waiters;
use crate::clock::Clock;
use crate::cluster::Links;
use crate::gate::Gate;
use crate::log_limit::LogLimit;
use crate::meters::Meters;
use crate::threads::Threads;

/// How much later than asked a FETCH may be answered nil: so many end together in one group, rather than each
/// in its own.
const NIL_DELAY_MAX: Duration = Duration::from_millis(5);

/// How the committer ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    /// It was asked to, and everything that waited has been run.
    Stopped,
    /// It could not go on: whether the last group was committed is unknown. Nobody has been answered.
    Faulted(String),
}

/// What a committer needs of the server it is part of, which outlives it.
#[derive(Clone, Debug)]
pub(crate) struct Host {
    /// Where jobs go back to that are not delivered, now or in a later term.
    pub(crate) gate: Arc<dyn Gate>,
    pub(crate) clock: Arc<Clock>,
    pub(crate) meters: Arc<Meters>,
    pub(crate) threads: Threads,
    /// The ways to other servers.
    pub(crate) links: Arc<Links>,
}

/// What the loop needs.
pub(crate) struct Committer<S: Store> {
    store: S,
    engine: Engine,
    clock: Arc<Clock>,
    inbox: Arc<Inbox>,
    meters: Arc<Meters>,
    waiters: Waiters,
    acknowledger: Acknowledger,
    syncer: S::Syncer,
    /// Answers of the group at work, in the order in which they are to be sent.
    completed: Vec<Reply>,
    servers: Servers,
    exits: Exits,
    backlog: Backlog,
    infos: Infos,
    /// No group without requests runs before this.
    paused_until: Option<Instant>,
    failures: LogLimit,
}

/// The store cannot be used any more.
#[derive(Debug)]
struct Poisoned(String);

fn poisoned(error: StoreError) -> Poisoned {
    Poisoned(error.to_string())
}

impl<S: Store + Send + 'static> Committer<S> {
    /// Starts it, in a thread of its own or in the one that calls. It ends once the inbox is closed and empty, or
    /// when the store is poisoned; the receiver then says how, after the store has been closed.
    ///
    /// Must be called in a runtime.
    pub(crate) fn start(
        store: S,
        engine: Engine,
        inbox: Arc<Inbox>,
        host: Host,
        servers: Option<workmill_cluster::Host>,
    ) -> io::Result<oneshot::Receiver<Ended>> {
        let (ended_sink, ended) = oneshot::channel();
        let exits = Exits {
            gate: Arc::clone(&host.gate),
            links: host.links,
        };
        let acknowledger = Acknowledger::start(store.syncer(), Arc::clone(&inbox), exits.clone())?;
        let committer = Self {
            syncer: store.syncer(),
            store,
            engine,
            clock: host.clock,
            waiters: Waiters::new(host.gate),
            inbox: Arc::clone(&inbox),
            meters: host.meters,
            acknowledger,
            completed: Vec::new(),
            servers: Servers::new(servers),
            exits,
            backlog: Backlog::default(),
            infos: Infos::default(),
            paused_until: None,
            failures: LogLimit::default(),
        };
        let run = async move {
            // As a task, so that a panic is seen.
            let ended = match tokio::spawn(committer.run()).await {
                Ok(Ok(ended)) => ended,
                Ok(Err(error)) => Ended::Faulted(format!("the committer has no timer: {error}")),
                Err(_) => Ended::Faulted("the committer panicked".to_owned()),
            };
            inbox.abandon();
            // The receiver is only gone when the process is ending anyway.
            drop(ended_sink.send(ended));
        };
        match host.threads {
            Threads::One => drop(tokio::spawn(run)),

            Threads::Many(_) => {
                let runtime = Threads::One.runtime()?;
                thread::Builder::new()
                    .name("committer".to_owned())
                    .spawn(move || runtime.block_on(run))?;
            }
        }
        Ok(ended)
    }

    async fn run(mut self) -> io::Result<Ended> {
        let alarm = Alarm::new()?;
        loop {
            self.inbox
                .poll_for_more(self.backlog.has_unfinished() || self.servers.have_work())
                .await;
            let (group, finished) = self.gather(&alarm).await?;
            let is_idle = group.is_empty() && !self.servers.have_work();
            let result = if is_idle && !self.deadline_passed() {
                Ok(())
            } else {
                self.run_group(group).await
            };
            let ended = match result {
                Ok(()) if finished => self.finish().await,
                Ok(()) => continue,
                Err(poisoned) => Err(poisoned),
            };
            // May wait for the disk, which must not hold up those who look after the end.
            let end = tokio::task::spawn_blocking(move || self.end(ended));
            return Ok(end
                .await
                .unwrap_or_else(|_| Ended::Faulted("closing the database panicked".to_owned())));
        }
    }

    /// If the store is poisoned, nobody is answered any more: the waiters' senders are dropped with `self`.
    fn end(self, ended: Result<(), Poisoned>) -> Ended {
        self.acknowledger.finish();
        // Also after a fault: a poisoned store has its own way to close.
        let closed = self.store.close().map_err(poisoned);
        match ended.and(closed) {
            Ok(()) => Ended::Stopped,
            Err(Poisoned(reason)) => Ended::Faulted(reason),
        }
    }

    /// The inbox is closed, so nobody waits for an answer any more: what long requests have left is left. What
    /// could not be given back to its queue so far gets a last try.
    async fn finish(&mut self) -> Result<(), Poisoned> {
        if self.servers.finish() {
            self.run_group(Vec::new()).await?;
        }
        let returns = self.backlog.take_returns();
        if returns.is_empty() {
            return Ok(());
        }
        self.run_group(returns).await?;
        let lost = self.backlog.take_returns().len();
        if lost > 0 {
            tracing::error!(
                jobs = lost,
                "jobs that reached no worker could not be put back; they wait until their reservations end"
            );
        }
        Ok(())
    }

    /// Waits for something to do. Tells whether nothing more will come.
    async fn gather(&mut self, alarm: &Alarm) -> io::Result<(Vec<Request>, bool)> {
        let (mut group, weight) = self.backlog.take(Instant::now());
        let until = if group.is_empty() && !self.servers.have_work() {
            self.next_wake()
        } else {
            Some(Instant::now())
        };
        let mut intake = self.inbox.take(alarm, until, weight).await?;
        if let Some(rules) = intake.rules {
            self.engine.set_rules(rules);
        }
        let submissions = &mut intake.submissions;
        self.infos
            .sift(submissions, Instant::now(), intake.finished);
        put_alike_together(submissions);
        group.reserve(intake.submissions.len());
        for submission in intake.submissions {
            self.waiters.admit(submission, &mut group);
        }
        self.servers.hear(intake.heard, self.clock.uptime());
        group.extend(self.servers.take(GROUP_WEIGHT_MAX, GROUP_BYTES_MAX));
        Ok((group, intake.finished))
    }

    /// When something has to be done even if nothing is submitted.
    fn next_wake(&self) -> Option<Instant> {
        let nil_due = self.engine.next_timeout();
        let nil_due = nil_due.map(|at| self.clock.instant_at(at) + NIL_DELAY_MAX);
        // Not later: a token that waits in a full bucket is lost.
        let look_due = self.engine.next_look();
        let look_due = look_due.map(|at| self.clock.instant_at(at));
        let due = [nil_due, look_due].into_iter().flatten().min();
        let due = due.map(|due| self.paused_until.map_or(due, |until| until.max(due)));
        let due = [due, self.backlog.due(), self.infos.due()];
        due.into_iter().flatten().min()
    }

    fn deadline_passed(&self) -> bool {
        let paused = self
            .paused_until
            .is_some_and(|until| Instant::now() < until);
        !paused
            && self
                .engine
                .next_deadline()
                .is_some_and(|deadline| deadline <= self.clock.uptime())
    }

    /// Sends the answers of the group, or lets them be sent as soon as what they tell of is durable. What others
    /// have changed is told of too, so nothing overtakes a group before.
    async fn acknowledge(&mut self) -> Result<(), Poisoned> {
        if !self.store.wants_sync() && (self.completed.is_empty() || !self.inbox.is_syncing()) {
            self.answer();
            return Ok(());
        }
        if !self.completed.is_empty() && self.inbox.syncs_inline(self.completed.len()) {
            let begun = Instant::now();
            self.syncer.sync().map_err(poisoned)?;
            self.inbox.note_sync(begun.elapsed());
            self.answer();
            return Ok(());
        }
        self.inbox.may_sync_more().await;
        self.inbox.note_sync_begun(self.completed.len());
        let group = std::mem::take(&mut self.completed);
        self.acknowledger.hand_over(group).map_err(|Gone| {
            let error = self.store.begin().err();
            error.map_or_else(
                || Poisoned("the thread that syncs has ended".to_owned()),
                poisoned,
            )
        })
    }

    /// Sends the answers of the group.
    fn answer(&mut self) {
        self.inbox.note_answered(self.completed.len());
        for reply in self.completed.drain(..) {
            reply.send(&self.exits);
        }
    }
}
