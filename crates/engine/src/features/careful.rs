//! Careful retry: a few jobs first, watched until they end, then the rest at a rate; it stops by itself if too many fail again.

mod care;
mod watch;

pub use care::Care;
pub use watch::Watch;
pub(crate) use watch::forget_unwatched;

use std::collections::BTreeSet;

use workmill_proto::SteadyTime;
use workmill_store::{JobRecord, ReservationsOf, StoreError, Tx};

use crate::op::{Mutate, MutateProgress};
use crate::operations::{OperationState, Operations};
use crate::resumption;
use crate::step::{Cause, What};

/// A careful retry that is under way.
#[derive(Clone, Debug)]
pub(crate) struct CarefulRun {
    pub(crate) mutate: Mutate,
    pub(crate) care: Care,
    pub(crate) watch: Watch,
    /// Whether something ended that is not written down.
    pub(crate) is_changed: bool,
    /// Whether it has not found as many jobs yet as it may retry now.
    pub(crate) looks_on: bool,
}

/// What a careful retry is to do now.
#[derive(Debug)]
pub(crate) enum NextRetry {
    /// Retry up to so many jobs more.
    Retry(usize),
    /// Wait for those that were retried.
    Wait,
    /// Nothing more: this is its end.
    End(OperationState),
}

impl CarefulRun {
    /// What is to be done now. `has_more` says whether jobs are left to be looked at.
    pub(crate) fn next(&mut self, now: SteadyTime, has_more: bool) -> NextRetry {
        if let Some(reason) = self.watch.objection(&self.care, now, has_more) {
            tracing::warn!(reason, "a careful retry goes no further");
            return NextRetry::End(OperationState::Failed(reason));
        }
        self.looks_on = false;
        match self.watch.room(&self.care, now) {
            room if room > 0 && has_more => NextRetry::Retry(room),
            _ if self.is_over(has_more) => NextRetry::End(OperationState::Done),
            _ => NextRetry::Wait,
        }
    }

    /// These jobs were retried, of the `room` that there was.
    pub(crate) fn retried(
        &mut self,
        jobs: Vec<Retried>,
        changed: u64,
        now: SteadyTime,
        room: usize,
    ) {
        if self.watch.is_rated() {
            self.watch.use_up(changed, &self.care);
        }
        self.looks_on = changed < room as u64;
        for (jid, queue) in jobs {
            self.watch.begin(jid, queue, now);
        }
    }

    /// Whether all its jobs are retried and have ended.
    pub(crate) fn is_over(&self, has_more: bool) -> bool {
        !has_more && self.watch.is_over()
    }

    /// How far it is with what it watches, but for the jobs themselves.
    pub(crate) fn summary(&self) -> Option<Box<Watch>> {
        Some(Box::new(self.watch.summary()))
    }

    /// Writes the rows of the jobs that it watches, under this number, as far as they have changed. It has ended, if not `goes_on`.
    pub(crate) fn write_rows<T: Tx>(
        &mut self,
        tx: &mut T,
        action: u64,
        goes_on: bool,
    ) -> Result<(), StoreError> {
        // Nobody goes on with one without a name.
        if self.mutate.operation.is_none() {
            return Ok(());
        }
        match goes_on {
            true => self.watch.write(tx, action),
            false => self.watch.forget(tx, action),
        }
    }

    /// Writes down how far it is, if the audit log tells of it.
    fn write<T: Tx>(&mut self, tx: &mut T, operations: &Operations) -> Result<(), StoreError> {
        let Some(progress) = self.mutate.progress.as_deref() else {
            return Ok(());
        };
        let Some(action) = progress.noted.as_ref().map(|noted| noted.id) else {
            return Ok(());
        };
        let progress = MutateProgress {
            watch: self.summary(),
            ..progress.clone()
        };
        resumption::keep(tx, operations, &self.mutate, &progress, (action, false))?;
        self.write_rows(tx, action, true)
    }
}

/// A job that is retried: its id and its queue.
pub(crate) type Retried = (Box<str>, Box<str>);

/// The careful retries that are under way.
#[derive(Debug, Default)]
pub(crate) struct Careful {
    runs: Vec<CarefulRun>,
    /// The jobs that are retried now; none if none are.
    retried: Option<Vec<Retried>>,
    /// As they were before the group, if it has changed them.
    before: Option<Vec<CarefulRun>>,
}

impl Careful {
    /// Whether it matters what becomes of this job.
    pub(crate) fn watches(&self, jid: &str) -> bool {
        let mut runs = self.runs.iter();
        runs.any(|run| run.watch.waits_for(jid))
    }

    /// Nothing is there any more that could end.
    pub(crate) fn flush(&mut self) {
        if self.is_watching() {
            self.keep();
            for run in &mut self.runs {
                run.watch.clear();
                run.is_changed = true;
            }
        }
    }

    /// Whether anything that happens to jobs matters.
    pub(crate) fn is_watching(&self) -> bool {
        !self.runs.is_empty() || self.retried.is_some()
    }

    /// Something happens to a job.
    pub(crate) fn note(&mut self, what: What, cause: Cause, record: &JobRecord) {
        let failed = match what {
            What::Promoted => return self.note_promoted(&record.jid, &record.queue),
            What::Succeeded => Some(false),
            What::Failed | What::Dropped => Some(true),
            What::Died if cause != Cause::Operator => Some(true),
            What::Died | What::Deleted | What::Expired | What::Evicted => None,
            What::Pushed | What::Started | What::CameBack | What::Restored(_) => return,
        };
        self.end(&record.jid, failed);
    }

    /// A job goes to its queue: it is retried, or moved to another queue.
    fn note_promoted(&mut self, jid: &str, queue: &str) {
        if let Some(retried) = self.retried.as_mut() {
            retried.push((jid.into(), queue.into()));
        } else if self.watches(jid) {
            self.keep();
            for run in &mut self.runs {
                run.is_changed |= run.watch.move_to(jid, queue);
            }
        }
    }

    /// Nobody waits for a job any more.
    fn end(&mut self, jid: &str, failed: Option<bool>) {
        if self.watches(jid) {
            self.keep();
            for run in &mut self.runs {
                run.is_changed |= run.watch.end(jid, failed, &run.care);
            }
        }
    }

    /// Queues were removed with all that waited in them, of which nobody hears any more. What a worker has of them still ends.
    pub(crate) fn lose_queues<T: Tx>(
        &mut self,
        tx: &mut T,
        queues: &[String],
    ) -> Result<(), StoreError> {
        if self.runs.is_empty() {
            return Ok(());
        }
        let queues: BTreeSet<&str> = queues.iter().map(String::as_str).collect();
        let runs = self.runs.iter();
        let waiting = runs.flat_map(|run| run.watch.waiting_in(&queues));
        let mut lost: BTreeSet<Box<str>> = waiting.map(Box::from).collect();
        if lost.is_empty() {
            return Ok(());
        }
        let jids: Vec<&str> = lost.iter().map(|jid| &**jid).collect();
        for held in tx.reservations(ReservationsOf::Jids(&jids))? {
            lost.remove(&held.jid);
        }
        lost.iter().for_each(|jid| self.end(jid, None));
        Ok(())
    }

    /// From now on jobs that go to their queues are retried by the one that is at work.
    pub(crate) fn begin(&mut self) {
        self.retried = Some(Vec::new());
    }

    /// The jobs that were retried since.
    pub(crate) fn finish(&mut self) -> Vec<Retried> {
        self.retried.take().unwrap_or_default()
    }

    pub(crate) fn add(&mut self, run: CarefulRun) {
        self.keep();
        self.runs.push(run);
    }

    /// Takes one out to work at it: the first one that was not taken since the last `add`s.
    pub(crate) fn take(&mut self, index: usize) -> Option<CarefulRun> {
        (index < self.runs.len()).then(|| {
            self.keep();
            self.runs.remove(index)
        })
    }

    pub(crate) fn put_back(&mut self, index: usize, run: CarefulRun) {
        self.runs.insert(index, run);
    }

    /// Writes down what has ended of what is watched, in the transaction in which it ended.
    pub(crate) fn write<T: Tx>(
        &mut self,
        tx: &mut T,
        operations: &Operations,
    ) -> Result<(), StoreError> {
        for run in self.runs.iter_mut().filter(|run| run.is_changed) {
            run.is_changed = false;
            run.write(tx, operations)?;
        }
        Ok(())
    }

    /// Keeps them as they are, before the first change in a group.
    fn keep(&mut self) {
        if self.before.is_none() {
            self.before = Some(self.runs.clone());
        }
    }

    /// Keeps what the group changed.
    pub(crate) fn commit(&mut self) {
        self.before = None;
    }

    /// Undoes what the group changed.
    pub(crate) fn roll_back(&mut self) {
        self.retried = None;
        if let Some(before) = self.before.take() {
            self.runs = before;
        }
    }
}
