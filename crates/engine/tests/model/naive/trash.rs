//! What operators took away, and how it is put back.

use std::collections::{BTreeSet, VecDeque};

use workmill_proto::{MutationVerb, SetName, SteadyTime};
use workmill_store::{CallbackState, TrackState};

use super::batches::Member;
use super::{DEAD_JOBS_MAX, Job, Mutant, Naive};

/// For how long it is kept, in seconds.
pub const TRASH_SECS: i64 = 12;

/// What one action took away.
#[derive(Clone, Debug)]
pub struct Trash {
    ends_at: SteadyTime,
    jobs: Vec<Trashed>,
}

/// Where a job was: in a set, at its time, or in its queue.
pub type Home = Option<(SetName, i64)>;

#[derive(Clone, Debug)]
struct Trashed {
    home: Home,
    /// As it was.
    job: Job,
    /// Which of the dead it is.
    burial: Option<u64>,
    /// Whether it was killed, or dead, and had to leave the dead set.
    evicted: bool,
    /// What it was to its batch.
    member: Option<Member>,
    /// The worker that had it, and may still say that it is done.
    worker: Option<String>,
}

impl Naive {
    /// An operator begins to do something that the audit log tells of: gives its number.
    pub fn act(&mut self) -> u64 {
        self.last_action += 1;
        self.last_action
    }

    /// Keeps jobs that are about to be deleted or killed.
    pub fn put_away(
        &mut self,
        action: u64,
        verb: MutationVerb,
        jobs: &[(Home, Job)],
        workers: &[String],
    ) {
        if jobs.is_empty() || verb == MutationVerb::Requeue {
            return;
        }
        let next_burial = self.burials + 1;
        let kills = verb == MutationVerb::Kill;
        let burials = (next_burial..).map(|burial| kills.then_some(burial));
        for ((_, job), wid) in jobs.iter().zip(workers) {
            self.forget_worker(&job.jid, wid);
        }
        let workers = workers.iter().cloned().map(Some);
        let workers = workers.chain(std::iter::repeat(None));
        let jobs = jobs.iter().zip(burials).zip(workers);
        let jobs = jobs.map(|(((home, job), burial), worker)| {
            let member = job.member;
            let member = member.map(|(index, nth)| self.batches[index].members[nth]);
            Trashed {
                home: *home,
                job: job.clone(),
                burial,
                evicted: false,
                member,
                worker,
            }
        });
        let mut jobs: Vec<Trashed> = jobs.collect();
        let mut known = BTreeSet::new();
        for trashed in jobs.iter_mut().rev() {
            let jid = trashed.job.jid.clone();
            trashed
                .worker
                .take_if(|wid| !known.insert((jid, wid.clone())));
        }
        self.trash_of(action).jobs = jobs;
    }

    /// Keeps dead jobs that had to leave, as an action has killed others.
    pub fn put_away_evicted(&mut self, action: u64, evicted: &[(i64, Job)]) {
        if evicted.is_empty() || self.mutant == Mutant::EvictedIsGone {
            return;
        }
        let trash = self.trash_of(action);
        for (at, job) in evicted {
            let mut killed = trash.jobs.iter_mut();
            let killed = killed.find(|trashed| trashed.burial == Some(job.burial));
            let job = job.clone();
            match killed {
                Some(trashed) => {
                    trashed.burial = None;
                    trashed.evicted = true;
                    trashed.job = job;
                }
                None => trash.jobs.push(Trashed {
                    home: Some((SetName::Dead, *at)),
                    job,
                    burial: None,
                    evicted: true,
                    member: None,
                    worker: None,
                }),
            }
        }
    }

    /// What a worker says of a job means the latest one of that id that it had.
    pub fn forget_worker(&mut self, jid: &str, wid: &str) {
        let trash = self.trash.values_mut();
        for trashed in trash.flat_map(|trash| &mut trash.jobs) {
            if trashed.job.jid == jid {
                trashed.worker.take_if(|worker| worker == wid);
            }
        }
    }

    /// A worker has done a job that it does not have: it may have been taken from it, and is not to come back.
    pub fn done_in_trash(&mut self, jid: &str, wid: &str) {
        if self.mutant == Mutant::DoneComesBack {
            return;
        }
        let is_done = |trashed: &mut Trashed| {
            trashed.job.jid == jid && trashed.worker.as_deref() == Some(wid)
        };
        for trash in self.trash.values_mut() {
            trash.jobs.extract_if(.., is_done).for_each(drop);
        }
        self.trash.retain(|_, trash| !trash.jobs.is_empty());
    }

    fn trash_of(&mut self, action: u64) -> &mut Trash {
        let ends_at = self.now.plus_secs(TRASH_SECS);
        let jobs = Vec::new();
        let trash = self.trash.entry(action);
        trash.or_insert(Trash { ends_at, jobs })
    }

    /// Puts back what an action took away; tells how many jobs, or none if nothing of it is there.
    pub fn undo(&mut self, action: u64) -> Option<u64> {
        let trash = self.trash.get(&action)?.clone();
        if self.mutant != Mutant::UndoneAgain {
            self.trash.remove(&action);
        }
        let (mut back, mut kept) = (Vec::new(), Vec::new());
        let dead = self.sets.get_mut(&SetName::Dead).unwrap();
        let mut room = DEAD_JOBS_MAX as i64 - dead.len() as i64;
        let mut again = Vec::new();
        let jobs = trash.jobs.into_iter().map(|trashed| (trashed, false));
        let mut jobs: VecDeque<(Trashed, bool)> = jobs.collect();
        while let Some((trashed, is_again)) = jobs.pop_front() {
            let dies = trashed.home.is_some_and(|(set, _)| set == SetName::Dead);
            let found = trashed.burial.map(|burial| {
                let mut dead = dead.iter();
                dead.position(|(_, job)| job.burial == burial)
            });
            let rest = room + i64::from(found.is_some()) - i64::from(dies);
            match found {
                Some(None) => {}
                // It gets a new number, by which nobody knows it.
                // Those that come back only later leave room for it.
                _ if dies && rest < 0 => {
                    let trashed = Trashed {
                        worker: None,
                        ..trashed
                    };
                    match is_again {
                        true => kept.push(trashed),
                        false => again.push((trashed, true)),
                    }
                }
                None => {
                    room = rest;
                    back.push(trashed);
                }
                Some(Some(found)) => {
                    room = rest;
                    let (_, job) = dead.remove(found);
                    back.push(Trashed { job, ..trashed });
                }
            }
            if jobs.is_empty() {
                jobs.extend(again.drain(..));
            }
        }
        if !kept.is_empty() {
            let ends_at = trash.ends_at;
            self.trash.insert(
                action,
                Trash {
                    ends_at,
                    jobs: kept,
                },
            );
        }
        let count = back.len() as u64;
        back.into_iter()
            .for_each(|trashed| self.put_back_one(trashed));
        self.act();
        Some(count)
    }

    fn put_back_one(&mut self, trashed: Trashed) {
        let Trashed {
            home,
            mut job,
            burial,
            evicted,
            member,
            ..
        } = trashed;
        let deleted = burial.is_none() && !evicted;
        if burial.is_none() && self.mutant != Mutant::UndoneIsACallback {
            job.callback = None;
        }
        if let (Some((index, nth)), Some(member)) = (job.member, member) {
            let waits = self.waits_for_member(index, member);
            match deleted {
                true if waits => self.touch(index).members[nth] = member,
                true => job.member = None,
                false if waits && member == Member::Unexecuted => {
                    self.touch(index).members[nth] = member;
                }
                false => {}
            }
        }
        match home.map(|(set, _)| set) {
            None | Some(SetName::Scheduled) => self.track(&job, TrackState::Enqueued),
            Some(SetName::Retries) => self.track(&job, TrackState::Failed),
            Some(SetName::Dead) => self.track_end(&job, TrackState::Dead),
            // No action of these takes it away.
            Some(SetName::Completed) => {}
        }
        // By its number among the dead no other action knows it any more.
        self.burials += 1;
        job.burial = self.burials;
        match home {
            None => self.enqueue(job),
            Some((set, _)) if self.mutant == Mutant::UndoneAtOnce => {
                let now = self.now.as_micros();
                self.insert(set, now, job);
            }
            Some((set, at)) => self.insert(set, at, job),
        }
    }

    /// Whether a batch still waits for a member that is this to it.
    fn waits_for_member(&self, index: usize, member: Member) -> bool {
        let batch = &self.batches[index];
        let (callback, is_over) = match member {
            Member::Unexecuted => (&batch.complete, batch.completed),
            _ => (&batch.success, batch.succeeded),
        };
        let waits = matches!(
            callback.state,
            CallbackState::Absent | CallbackState::Waiting
        );
        let waits = waits && !is_over;
        !batch.gone && (waits || self.mutant == Mutant::UndoneReopensItsBatch)
    }

    /// Forgets what was kept for its time.
    pub fn forget_trash(&mut self) {
        if self.mutant != Mutant::TrashIsKept {
            let now = self.now;
            self.trash.retain(|_, trash| trash.ends_at > now);
        }
    }
}
