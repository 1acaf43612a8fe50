//! Jobs in workers' hands: acknowledged, failed, given back, taken back.

use std::collections::BTreeSet;

use workmill_proto::{MutationVerb, SetName, SteadyTime};
use workmill_store::TrackState;

use super::{Job, Mutant, Naive, Waiting, Work};

impl Naive {
    /// A job goes to a worker, under this key.
    pub fn reserve(&mut self, job: Job, fetch: &Waiting, key: i64) {
        self.unlock_at_start(&job);
        self.track(&job, TrackState::Working);
        self.spend(&job);
        let secs = match job.reserve_for_secs {
            0 => 1_800,
            secs => secs,
        };
        self.working.push(Work {
            job,
            wid: fetch.wid.clone(),
            connection: fetch.connection,
            key,
            reserved_at: self.now,
            expires_at: self.now.plus_secs(secs),
        });
    }

    /// The index of the reservation that a worker means by a job id.
    fn meant(&self, jid: &str, wid: &str) -> Option<usize> {
        let mut held: Vec<usize> = (0..self.working.len())
            .filter(|index| self.working[*index].job.jid == jid)
            .collect();
        held.sort_by_key(|index| (self.working[*index].reserved_at, self.working[*index].key));
        if let Some(own) = held.iter().find(|index| self.working[**index].wid == wid) {
            return Some(*own);
        }
        let ended = self.ends.contains(&(jid.to_owned(), wid.to_owned()));
        if ended && self.mutant != Mutant::StrangerEndsAnothersJob {
            return None;
        }
        held.first().copied()
    }

    pub fn ack(&mut self, jid: &str, wid: &str) {
        let Some(index) = self.meant(jid, wid) else {
            self.done_in_trash(jid, wid);
            return;
        };
        self.processed += 1;
        if self.mutant == Mutant::AckForgetsNothing {
            return;
        }
        let job = self.working.remove(index).job;
        self.unlock(&job);
        self.leave(&job);
        self.callback_over(&job);
        self.track_end(&job, TrackState::Success);
        if self.completed_secs > 0 {
            self.keep_completed(job);
        }
    }

    /// Tells whether the job was found.
    pub fn fail(&mut self, jid: &str, wid: &str) -> bool {
        let Some(index) = self.meant(jid, wid) else {
            return false;
        };
        let job = self.working.remove(index).job;
        self.fail_job(job);
        true
    }

    fn fail_job(&mut self, mut job: Job) {
        self.processed += 1;
        self.failures += 1;
        let limit = job.retry - i64::from(self.mutant == Mutant::OneRetryTooFew);
        let before = job.failures;
        job.failures += 1;
        if job.retry == 0 {
            self.fail_member(&job);
            self.callback_over(&job);
            self.track_end(&job, TrackState::Failed);
        } else if before < limit {
            self.fail_member(&job);
            self.track(&job, TrackState::Failed);
            let at = self.now.plus_secs(job.delay_secs);
            self.insert(SetName::Retries, at.as_micros(), job);
        } else {
            self.die(&job);
            self.bury(job);
        }
    }

    /// REQUEUE; tells whether the job was found.
    pub fn requeue(&mut self, jid: &str, wid: &str) -> bool {
        let Some(index) = self.meant(jid, wid) else {
            return false;
        };
        let work = self.working[index].clone();
        if self.mutant != Mutant::RequeuedIsNotRemembered {
            self.remember(&work);
        }
        if self.mutant != Mutant::RequeuedKeepsItsTime {
            self.working[index].job.enqueued_at = Some(self.wall());
        }
        self.release(index);
        true
    }

    /// An operator takes jobs from their workers. Those to be requeued go back to their queues; returns the others, and who had
    /// them.
    pub fn take_from_workers(
        &mut self,
        verb: MutationVerb,
        meant: impl Fn(&Job) -> bool,
    ) -> Vec<(Job, String)> {
        self.working.sort_by_key(|work| work.key);
        let taken: Vec<Work> = self
            .working
            .extract_if(.., |work| meant(&work.job))
            .collect();
        for work in &taken {
            if self.mutant != Mutant::TakenIsNotRemembered {
                self.remember(work);
            }
        }
        if verb != MutationVerb::Requeue {
            let taken = taken.into_iter();
            return taken.map(|work| (work.job, work.wid)).collect();
        }
        for mut work in taken {
            work.job.enqueued_at = Some(self.wall());
            self.lift_expiry(&mut work.job);
            self.working.push(work);
            self.release(self.working.len() - 1);
        }
        Vec::new()
    }

    /// A job did not reach its worker.
    pub fn give_back(&mut self, key: i64, reserved_at: SteadyTime) {
        let held = |work: &Work| work.key == key && work.reserved_at == reserved_at;
        if let Some(index) = self.working.iter().position(held) {
            let job = self.working[index].job.clone();
            self.refund(&job);
            self.release(index);
        }
    }

    /// Lets go of a job that is to go back to its queue.
    fn release(&mut self, index: usize) {
        let work = self.working.remove(index);
        self.lock_again(&work.job);
        self.track(&work.job, TrackState::Enqueued);
        self.released.push(work);
    }

    /// Those that were let go of regain their places; those of a removed queue go to the front of the new one, the first that
    /// was handed out foremost.
    pub fn put_back(&mut self) {
        let mut released = std::mem::take(&mut self.released);
        released.sort_by_key(|work| (work.reserved_at, work.key));
        for Work { mut job, .. } in released.into_iter().rev() {
            let to_the_tail = self.mutant == Mutant::ReturnedToTheTail;
            self.fronts -= 1;
            let front = self.fronts;
            let queue = self.queue(&job.queue.clone());
            if job.generation != queue.generation {
                job.generation = queue.generation;
                job.place = front;
            }
            let place = queue.jobs.partition_point(|other| other.place < job.place);
            let place = if to_the_tail { queue.jobs.len() } else { place };
            queue.jobs.insert(place, job);
        }
    }

    /// TRACK SET with an end; tells whether there is a reservation to be extended.
    pub fn extend(&mut self, jid: &str, wid: &str, until: SteadyTime) {
        let Some(index) = self.meant(jid, wid) else {
            return;
        };
        let shortens = self.mutant == Mutant::ReservationShortened;
        let end = &mut self.working[index].expires_at;
        *end = if shortens { until } else { until.max(*end) };
    }

    pub fn expire(&mut self) {
        let now = self.now;
        let mut ending: Vec<Work> = self
            .working
            .extract_if(.., |work| work.expires_at <= now)
            .collect();
        ending.sort_by_key(|work| (work.expires_at, work.key));
        for work in ending {
            self.remember(&work);
            self.fail_job(work.job);
        }
    }

    pub fn recover(&mut self, alive: &BTreeSet<String>) {
        let is_lost = |work: &&Work| {
            let is_silent = !work.wid.is_empty() && !alive.contains(&work.wid);
            is_silent && work.reserved_at.plus_secs(60) <= self.now
        };
        let mut lost: Vec<Work> = self.working.iter().filter(is_lost).cloned().collect();
        lost.sort_by_key(|work| (work.wid.clone(), work.reserved_at, work.key));
        for work in lost {
            self.remember(&work);
            let mut indexes = 0..self.working.len();
            let index = indexes
                .find(|index| self.working[*index].key == work.key)
                .unwrap();
            let now = self.now;
            let recovered_at = &mut self.working[index].job.recovered_at;
            recovered_at.retain(|at| *at > now.plus_secs(-72 * 3_600));
            recovered_at.push(now);
            if recovered_at.len() < 3 {
                self.release(index);
                continue;
            }
            let mut job = self.working.remove(index).job;
            self.processed += 1;
            self.failures += 1;
            job.failures += 1;
            job.recovered_at.clear();
            self.die(&job);
            self.bury(job);
        }
    }

    fn remember(&mut self, work: &Work) {
        if !work.wid.is_empty() {
            self.ends.insert((work.job.jid.clone(), work.wid.clone()));
            self.forget_worker(&work.job.jid, &work.wid);
        }
    }
}
