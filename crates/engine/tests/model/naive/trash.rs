//! What operators took away, and how it is put back.

use workmill_proto::{MutationVerb, SetName, SteadyTime};
use workmill_store::{CallbackState, TrackState};

use super::batches::Member;
use super::{Job, Mutant, Naive};

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
    /// Which of the dead it became.
    burial: Option<u64>,
    /// What it was to its batch.
    member: Option<Member>,
}

impl Naive {
    /// An operator begins to do something that the audit log tells of: gives its number.
    pub fn act(&mut self) -> u64 {
        self.last_action += 1;
        self.last_action
    }

    /// Keeps jobs that are about to be deleted or killed.
    pub fn put_away(&mut self, action: u64, verb: MutationVerb, jobs: &[(Home, Job)]) {
        if jobs.is_empty() || verb == MutationVerb::Requeue {
            return;
        }
        let next_burial = self.burials + 1;
        let kills = verb == MutationVerb::Kill;
        let burials = (next_burial..).map(|burial| kills.then_some(burial));
        let jobs = jobs.iter().zip(burials).map(|((home, job), burial)| {
            let member = job.member;
            let member = member.map(|(index, nth)| self.batches[index].members[nth]);
            Trashed {
                home: *home,
                job: job.clone(),
                burial,
                member,
            }
        });
        let trash = Trash {
            ends_at: self.now.plus_secs(TRASH_SECS),
            jobs: jobs.collect(),
        };
        self.trash.insert(action, trash);
    }

    /// Puts back what an action took away; tells how many jobs, or none if nothing of it is there.
    pub fn undo(&mut self, action: u64) -> Option<u64> {
        let trash = self.trash.get(&action)?.clone();
        if self.mutant != Mutant::UndoneAgain {
            self.trash.remove(&action);
        }
        let mut back = Vec::new();
        for trashed in trash.jobs {
            match trashed.burial {
                None => back.push(trashed),
                Some(burial) => {
                    let dead = self.sets.get_mut(&SetName::Dead).unwrap();
                    let found = dead.iter().position(|(_, job)| job.burial == burial);
                    if let Some(found) = found {
                        let (_, job) = dead.remove(found);
                        back.push(Trashed { job, ..trashed });
                    }
                }
            }
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
            member,
        } = trashed;
        if burial.is_none() && self.mutant != Mutant::UndoneIsACallback {
            job.callback = None;
        }
        if let (Some((index, nth)), Some(member)) = (job.member, member) {
            let waits = self.waits_for_member(index, member);
            match burial {
                None if waits => self.touch(index).members[nth] = member,
                None => job.member = None,
                Some(_) if waits && member == Member::Unexecuted => {
                    self.touch(index).members[nth] = member;
                }
                Some(_) => {}
            }
        }
        match home.map(|(set, _)| set) {
            None | Some(SetName::Scheduled) => self.track(&job, TrackState::Enqueued),
            Some(SetName::Retries) => self.track(&job, TrackState::Failed),
            Some(SetName::Dead) => self.track_end(&job, TrackState::Dead),
        }
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
