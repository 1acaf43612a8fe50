//! The life of a job outside of workers' hands: pushed, waiting, promoted, dead, gone.

use workmill_proto::{MutationVerb, SetName, Timestamp};
use workmill_store::{Place, TrackState};

use super::trash::Home;
use super::{COMPLETED_JOBS_MAX, DEAD_JOBS_MAX, DEAD_TTL_SECS, Job, Mutant, Naive};

impl Naive {
    /// Takes a job in, unless its batch is no more or somebody has its lock; tells whether it did.
    pub fn push(&mut self, mut job: Job, batch: Option<usize>, at: Option<Timestamp>) -> bool {
        let knows_batch = batch.is_none_or(|batch| !self.batches[batch].gone);
        if !knows_batch || !self.lock(&job) {
            return false;
        }
        if let Some(batch) = batch {
            self.join(&mut job, batch);
        }
        self.track(&job, TrackState::Enqueued);
        match at {
            Some(at) if at > self.wall() => self.insert(SetName::Scheduled, at.as_micros(), job),
            _ => self.enqueue(job),
        }
        true
    }

    pub fn enqueue(&mut self, mut job: Job) {
        self.places += 1;
        job.place = self.places;
        job.enqueued_at = Some(self.wall());
        let queue = self.queue(&job.queue.clone());
        job.generation = queue.generation;
        queue.jobs.push(job);
    }

    pub fn insert(&mut self, set: SetName, at: i64, job: Job) {
        let entries = self.sets.get_mut(&set).unwrap();
        let index = entries.partition_point(|(other, _)| *other <= at);
        entries.insert(index, (at, job));
    }

    /// Commands that are alike are done together, and so is what a timer asks for: then jobs are back in their queues, and the
    /// oldest dead and completed ones leave if there are too many.
    pub fn end_run(&mut self) {
        self.put_back();
        self.evict_excess(None);
        self.evict_completed();
    }

    /// The oldest dead ones leave if there are too many. This action may have made them leave.
    fn evict_excess(&mut self, action: Option<u64>) {
        if self.mutant == Mutant::DeadWithoutLimit {
            return;
        }
        let dead = self.sets.get_mut(&SetName::Dead).unwrap();
        let excess = dead.len().saturating_sub(DEAD_JOBS_MAX);
        let evicted: Vec<(i64, Job)> = dead.drain(..excess).collect();
        evicted.iter().for_each(|(_, job)| self.evicted(job));
        if let Some(action) = action {
            self.put_away_evicted(action, &evicted);
        }
    }

    pub fn bury(&mut self, mut job: Job) {
        self.burials += 1;
        job.burial = self.burials;
        let at = self.now.plus_secs(DEAD_TTL_SECS);
        self.insert(SetName::Dead, at.as_micros(), job);
    }

    /// A job failed for the last time, or was killed.
    pub fn die(&mut self, job: &Job) {
        self.fail_member(job);
        self.track_end(job, TrackState::Dead);
        if self.mutant == Mutant::LockGivenBackAtDeath {
            self.unlock(job);
        }
    }

    fn evicted(&mut self, job: &Job) {
        if self.mutant == Mutant::EvictedLeavesItsBatch {
            self.leave(job);
        }
        self.callback_over(job);
    }

    /// An operator deleted a job.
    fn deleted(&mut self, job: &Job) {
        if self.mutant != Mutant::DeletedHoldsItsBatch {
            self.leave(job);
        }
        self.callback_over(job);
        self.track_end(job, TrackState::Unknown);
    }

    /// A job lost its point.
    fn expire_job(&mut self, job: &Job) {
        self.expired += 1;
        if self.mutant != Mutant::ExpiredKeepsItsLock {
            self.unlock(job);
        }
        if self.mutant != Mutant::ExpiredHoldsItsBatch {
            self.leave(job);
        }
        self.callback_over(job);
        self.track_end(job, TrackState::Unknown);
    }

    /// The next job of a queue that can be handed out; drops those before it that have lost their point.
    pub fn take(&mut self, name: &str) -> Option<Job> {
        loop {
            let ignores_pause = self.mutant == Mutant::PausedQueueFetched;
            let queue = self.queues.get_mut(name)?;
            if (queue.paused && !ignores_pause) || queue.jobs.is_empty() {
                return None;
            }
            let job = queue.jobs.remove(0);
            let now = match self.mutant {
                Mutant::ExpiryGoesByTheSteadyClock => Timestamp::from_micros(self.now.as_micros()),
                _ => self.wall(),
            };
            let has_expired = job.expires_at.is_some_and(|at| at <= now);
            if !has_expired || self.mutant == Mutant::ExpiredHandedOut {
                return Some(job);
            }
            self.expire_job(&job);
        }
    }

    pub fn promote(&mut self) {
        if self.mutant == Mutant::PromotionForgotten {
            return;
        }
        let (mut wall, mut steady) = (self.wall().as_micros(), self.now.as_micros());
        match self.mutant {
            Mutant::ScheduledGoByTheSteadyClock => wall = steady,
            Mutant::RetriesGoByTheWallClock => steady = wall,
            _ => {}
        }
        for (set, now) in [(SetName::Scheduled, wall), (SetName::Retries, steady)] {
            let entries = self.sets.get_mut(&set).unwrap();
            let due = entries.partition_point(|(at, _)| *at <= now);
            let due: Vec<Job> = entries.drain(..due).map(|(_, job)| job).collect();
            due.into_iter().for_each(|job| self.enqueue_again(job));
        }
    }

    fn enqueue_again(&mut self, job: Job) {
        self.track(&job, TrackState::Enqueued);
        self.enqueue(job);
    }

    /// Changes jobs of a place. What is taken away by an action is kept.
    pub fn mutate(
        &mut self,
        verb: MutationVerb,
        place: &Place,
        jids: Option<&[String]>,
        action: Option<u64>,
    ) {
        if *place == Place::Set(SetName::Completed) {
            return;
        }
        let everything = matches!(verb, MutationVerb::Clear) || jids.is_none();
        let meant = |job: &Job| everything || jids.is_some_and(|jids| jids.contains(&job.jid));
        let mut workers = Vec::new();
        let taken: Vec<(Home, Job)> = match place {
            Place::Set(set) => {
                let entries = self.sets.get_mut(set).unwrap();
                let taken = entries.extract_if(.., |(_, job)| meant(job));
                taken.map(|(at, job)| (Some((*set, at)), job)).collect()
            }
            Place::Queue(name) => match self.queues.get_mut(&**name) {
                Some(queue) => {
                    let taken = queue.jobs.extract_if(.., |job| meant(job));
                    taken.map(|job| (None, job)).collect()
                }
                None => return,
            },
            Place::Working => {
                let taken = self.take_from_workers(verb, meant);
                let (jobs, wids) = taken.into_iter().unzip::<_, _, Vec<_>, _>();
                workers = wids;
                jobs.into_iter().map(|job| (None, job)).collect()
            }
        };
        if let Some(action) = action {
            self.put_away(action, verb, &taken, &workers);
        }
        let taken: Vec<Job> = taken.into_iter().map(|(_, job)| job).collect();
        match verb {
            MutationVerb::Clear | MutationVerb::Discard
                if everything && action.is_none() && matches!(place, Place::Set(_)) =>
            {
                self.unswept.extend(taken);
            }
            MutationVerb::Clear | MutationVerb::Discard => {
                taken.iter().for_each(|job| self.deleted(job));
            }
            MutationVerb::Requeue => taken.into_iter().for_each(|mut job| {
                self.lift_expiry(&mut job);
                self.enqueue_again(job);
            }),
            MutationVerb::Kill => {
                taken.into_iter().for_each(|job| {
                    self.die(&job);
                    self.bury(job);
                });
                self.evict_excess(action);
            }
        }
    }

    /// The operator wants it run.
    pub fn lift_expiry(&self, job: &mut Job) {
        let has_expired = job.expires_at.is_some_and(|at| at <= self.wall());
        if has_expired && self.mutant != Mutant::RequeuedKeepsItsExpiry {
            job.expires_at = None;
        }
    }

    pub fn purge(&mut self) {
        let dead = self.sets.get_mut(&SetName::Dead).unwrap();
        let forgotten = dead.extract_if(.., |(at, _)| *at <= self.now.as_micros());
        let forgotten: Vec<Job> = forgotten.map(|(_, job)| job).collect();
        forgotten.iter().for_each(|job| self.evicted(job));
        self.forget_completed();
        self.expire_batches();
        self.forget_trash();
    }

    /// A job is done: nothing of what it was bound to is kept.
    pub fn keep_completed(&mut self, job: Job) {
        let kept = Job {
            number: job.number,
            jid: job.jid,
            failures: job.failures,
            enqueued_at: job.enqueued_at,
            ..Job::default()
        };
        self.insert(SetName::Completed, self.now.as_micros(), kept);
    }

    /// Those beyond the limit leave, the oldest first.
    fn evict_completed(&mut self) {
        let completed = self.sets.get_mut(&SetName::Completed).unwrap();
        let excess = completed.len().saturating_sub(COMPLETED_JOBS_MAX);
        completed.drain(..excess);
    }

    fn forget_completed(&mut self) {
        let since = self.now.as_micros() - self.completed_secs * 1_000_000;
        let is_kept = self.completed_secs > 0;
        let forgets = self.mutant != Mutant::CompletedIsKeptForever;
        let completed = self.sets.get_mut(&SetName::Completed).unwrap();
        completed.retain(|(at, _)| !forgets || (is_kept && *at > since));
    }

    /// What was removed or cleared is deleted.
    pub fn sweep(&mut self) {
        let unswept = std::mem::take(&mut self.unswept);
        unswept.iter().for_each(|job| self.deleted(job));
    }
}
