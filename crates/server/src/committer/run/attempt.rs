//! How a group is run, and what becomes of one that the store refuses.

use std::time::{Duration, Instant};

use workmill_cluster::Outbox;
use workmill_engine::{Answer, GroupContext, GroupResult, Op, Outcome, Request};
use workmill_store::{Store, StoreError, Tx as _};

use super::super::failure::wire_error;
use super::super::reply::Reply;
use super::{Committer, Poisoned};

/// How long the committer rests after a group without requests failed, so that it does not fail in a loop.
const FAILURE_PAUSE: Duration = Duration::from_millis(100);

/// What one try to run a group came to.
enum Attempt {
    Committed(GroupResult, Outbox),
    RolledBack(StoreError),
}

impl<S: Store + Send + 'static> Committer<S> {
    /// Runs a group, and looks that its answers are sent.
    pub(super) async fn run_group(&mut self, group: Vec<Request>) -> Result<(), Poisoned> {
        let begun = Instant::now();
        let attempt = self.attempt(&group)?;
        self.infos.note_run(begun, Instant::now());
        match attempt {
            Attempt::Committed(result, outbox) => self.take_result(result, outbox),
            Attempt::RolledBack(error) if group.is_empty() => {
                self.paused_until = Some(Instant::now() + FAILURE_PAUSE);
                self.log_failure(&error);
            }
            // Every further try would wait for the lock as long again, and everybody behind it too.
            Attempt::RolledBack(error @ StoreError::Busy(_)) => self.refuse_all(group, &error),
            Attempt::RolledBack(error) => self.run_one_by_one(group, error)?,
        }
        self.acknowledge().await
    }

    /// Runs the requests of a group that was rolled back each in a transaction of its own, so that one that
    /// cannot be done does not fail the others.
    fn run_one_by_one(&mut self, group: Vec<Request>, error: StoreError) -> Result<(), Poisoned> {
        if group.len() == 1 {
            self.refuse_all(group, &error);
            return Ok(());
        }
        for request in group {
            match self.attempt(std::slice::from_ref(&request))? {
                Attempt::Committed(result, outbox) => self.take_result(result, outbox),
                Attempt::RolledBack(error) => self.refuse(request, &error),
            }
        }
        Ok(())
    }

    /// Runs a group. Once more, if the database was found out of order: it is put right before the next transaction.
    fn attempt(&mut self, group: &[Request]) -> Result<Attempt, Poisoned> {
        match self.attempt_once(group)? {
            Attempt::RolledBack(StoreError::Disorder(_)) => self.attempt_once(group),
            other => Ok(other),
        }
    }

    fn attempt_once(&mut self, group: &[Request]) -> Result<Attempt, Poisoned> {
        let context = GroupContext {
            wall: self.clock.wall(),
            uptime: self.clock.uptime(),
            frozen: self.clock.frozen(),
            seed: rand::random(),
        };
        let result = match self.store.begin() {
            Ok(mut tx) => match self.engine.run_group(&mut tx, context, group) {
                Ok(mut result) => match self.servers.note(&mut tx, &mut result) {
                    Ok(outbox) => tx.commit().map(|()| (result, outbox)),
                    Err(error) => Err(error),
                },
                Err(error) => Err(error),
            },
            Err(error) => Err(error),
        };
        match result {
            Ok((result, outbox)) => {
                self.engine.committed();
                self.servers.committed();
                self.meters.groups.count_committed(group.len());
                Ok(Attempt::Committed(result, outbox))
            }
            Err(StoreError::Poisoned(reason)) => Err(Poisoned(reason)),
            // Whatever this one could do would be refused as well.
            Err(deposed @ StoreError::Deposed) => Err(Poisoned(deposed.to_string())),
            Err(error) => {
                self.engine.rolled_back();
                self.servers.rolled_back();
                self.meters.groups.count_failed();
                Ok(Attempt::RolledBack(error))
            }
        }
    }

    fn take_result(&mut self, result: GroupResult, outbox: Outbox) {
        self.backlog.keep(result.unfinished);
        if !result.events.is_empty() {
            self.meters.events.offer(result.events);
        }
        for answer in result.answers {
            let completed = self.waiters.record(answer);
            self.completed.extend(completed.map(Reply::Client));
        }
        let outbox = outbox.into_iter();
        let replies = outbox.map(|(link, frame)| Reply::Server(link, frame));
        self.completed.extend(replies);
    }

    fn refuse_all(&mut self, group: Vec<Request>, error: &StoreError) {
        for request in group {
            self.refuse(request, error);
        }
    }

    /// Tells a request that it failed.
    fn refuse(&mut self, request: Request, error: &StoreError) {
        self.log_failure(error);
        let Request { ticket, op } = request;
        let begun = match op.asked() {
            Op::PushBulk(bulk) => bulk.next_index > 0,
            Op::Mutate(mutate) => mutate.progress.is_some(),
            _ => false,
        };
        if matches!(op, Op::Nack(_)) {
            self.backlog
                .keep_return(Request { ticket, op }, Instant::now());
            return;
        }
        self.engine
            .gave_up(&op, &error.to_string(), self.clock.wall());
        let why = wire_error(error, begun);
        let reply = if self.servers.own(ticket) {
            let said = self.servers.refuse(ticket, why);
            said.map(|(link, frame)| Reply::Server(link, frame))
        } else {
            let outcome = Outcome::Refused(why);
            self.waiters
                .record(Answer { ticket, outcome })
                .map(Reply::Client)
        };
        self.completed.extend(reply);
    }

    fn log_failure(&mut self, error: &StoreError) {
        if let Some(suppressed) = self.failures.pass(Instant::now()) {
            tracing::error!(%error, suppressed, "a command failed in the store; it changed nothing");
        }
    }
}
