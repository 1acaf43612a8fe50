//! What to do with many jobs: which of them, where, and what.

use std::sync::Arc;

use workmill_proto::{
    MutationFilter, MutationVerb, SetName, WireError, check_queue_name, compact_json,
};
use workmill_store::{Clocks, JobRef, Place, Reservation, StoredJob};

use crate::features::Care;
use crate::job_edit::JobEdit;
use crate::limits::CHANGE_JOBS_MAX;
use crate::query::{Query, QueryJob, Redactions, Verdict};

/// What to do with many jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Change {
    /// What to do with them.
    pub verb: ChangeVerb,
    /// Where they are.
    pub places: ChangePlaces,
    /// Which of them; none means all. For [`ChangeVerb::Clear`] none or one that matches nothing.
    pub filter: Option<ChangeFilter>,
}

/// What to do with jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeVerb {
    /// Forget all of them.
    Clear,
    /// Move them to the dead set.
    Kill,
    /// Forget them.
    Discard,
    /// Put them into their queues, at the tail; take them back from their workers.
    Requeue,
    /// Make them belong to another queue, the one of this name. Those that wait in a queue go to its tail, those in a set
    /// stay there until their time. What works is left to its worker.
    Move(Box<str>),
    /// Give a job another payload, if it is as it was seen. What works is left to its worker.
    Edit(Arc<JobEdit>),
    /// Put those that wait for another try, or are dead, into their queues, a few first, and stop if too many fail again.
    RetryCarefully(Care),
    /// Put back what an action took away.
    Restore,
}

/// Where jobs are.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangePlaces {
    /// In one place.
    One(Place),
    /// Wherever they are.
    All,
    /// These, each if it is still where it was seen; at most [`CHANGE_JOBS_MAX`].
    Jobs(Arc<[(Place, JobRef)]>),
    /// In the trash: what the action of this number took away, or all there is.
    Trash(Option<u64>),
}

/// Which jobs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ChangeFilter {
    /// As a MUTATE says it.
    Mutation(MutationFilter),
    /// Those that match now. Times from now are from when the change began.
    Query(Query),
}

impl From<MutationVerb> for ChangeVerb {
    fn from(verb: MutationVerb) -> Self {
        match verb {
            MutationVerb::Clear => Self::Clear,
            MutationVerb::Kill => Self::Kill,
            MutationVerb::Discard => Self::Discard,
            MutationVerb::Requeue => Self::Requeue,
        }
    }
}

impl ChangeVerb {
    /// Moves jobs to a queue.
    ///
    /// # Errors
    /// It is no name of a queue.
    pub fn move_to(queue: &str) -> Result<Self, WireError> {
        check_queue_name(queue)?;
        Ok(Self::Move(queue.into()))
    }
}

impl Change {
    /// Changes all jobs that match a query, wherever they are.
    pub fn of_matching(verb: ChangeVerb, query: Query) -> Self {
        Self {
            verb,
            places: ChangePlaces::All,
            filter: Some(ChangeFilter::Query(query)),
        }
    }

    /// Changes these jobs, each if it is still where it was seen.
    ///
    /// # Errors
    /// They are more than [`CHANGE_JOBS_MAX`].
    pub fn of_jobs(verb: ChangeVerb, jobs: Vec<(Place, JobRef)>) -> Result<Self, WireError> {
        if jobs.len() > CHANGE_JOBS_MAX {
            return Err(WireError::err(format!(
                "at most {CHANGE_JOBS_MAX} jobs can be named at a time: use a query"
            )));
        }
        Ok(Self {
            verb,
            places: ChangePlaces::Jobs(jobs.into()),
            filter: None,
        })
    }

    /// Puts back what an action took away, as far as it is still in the trash.
    pub fn undo_of(action: u64) -> Self {
        Self {
            verb: ChangeVerb::Restore,
            places: ChangePlaces::Trash(Some(action)),
            filter: None,
        }
    }

    /// Forgets all that is in the trash.
    pub fn empty_trash() -> Self {
        Self {
            verb: ChangeVerb::Clear,
            places: ChangePlaces::Trash(None),
            filter: None,
        }
    }

    /// Whether it takes jobs away, so that they can be put back.
    pub(crate) fn takes_away(&self) -> bool {
        match self.verb {
            ChangeVerb::Clear | ChangeVerb::Discard | ChangeVerb::Kill => {
                !matches!(self.places, ChangePlaces::Trash(_))
            }
            ChangeVerb::Requeue
            | ChangeVerb::RetryCarefully(_)
            | ChangeVerb::Move(_)
            | ChangeVerb::Edit(_)
            | ChangeVerb::Restore => false,
        }
    }

    /// The action that it takes back, if it does.
    pub(crate) fn undoes(&self) -> Option<u64> {
        match (&self.verb, &self.places) {
            (ChangeVerb::Restore, ChangePlaces::Trash(action)) => *action,
            _ => None,
        }
    }

    /// Whether no job of a place is changed, whatever else it is.
    pub(crate) fn passes_over(&self, place: &Place) -> bool {
        let is_there = match (&self.verb, place) {
            (ChangeVerb::Move(_) | ChangeVerb::Edit(_), Place::Working) => true,
            // What is done can be forgotten job by job, and nothing else.
            (verb, Place::Set(SetName::Completed)) => {
                *verb != ChangeVerb::Discard || !matches!(self.places, ChangePlaces::Jobs(_))
            }
            (ChangeVerb::Move(to), Place::Queue(name)) => to == name,
            (ChangeVerb::RetryCarefully(_), place) => {
                !matches!(place, Place::Set(SetName::Retries | SetName::Dead))
            }
            _ => false,
        };
        is_there
            || match &self.filter {
                None => false,
                Some(ChangeFilter::Mutation(filter)) => filter.matches_nothing(),
                Some(ChangeFilter::Query(query)) => !query.can_match_in(place),
            }
    }

    /// The set that it empties, if the place is one and it does: `clear` has no filter then; `discard` of everything in it is
    /// the same thing.
    pub(crate) fn empties(&self, place: &Place) -> Option<SetName> {
        let takes_all = || match &self.filter {
            None => true,
            Some(ChangeFilter::Mutation(_)) => false,
            Some(ChangeFilter::Query(query)) => query.matches_all_in(place),
        };
        let empties = match self.verb {
            ChangeVerb::Clear => true,
            ChangeVerb::Discard => takes_all(),
            ChangeVerb::Kill
            | ChangeVerb::Requeue
            | ChangeVerb::RetryCarefully(_)
            | ChangeVerb::Move(_)
            | ChangeVerb::Edit(_)
            | ChangeVerb::Restore => false,
        };
        let names_jobs = matches!(self.places, ChangePlaces::Jobs(_));
        match place {
            Place::Set(set) if empties && !names_jobs => Some(*set),
            _ => None,
        }
    }

    /// Whether it asks who has a job.
    pub(crate) fn asks_for_reservations(&self) -> bool {
        match &self.filter {
            Some(ChangeFilter::Query(query)) => query.asks_for_reservations(),
            Some(ChangeFilter::Mutation(_)) | None => false,
        }
    }

    /// Whether a job is to be changed, as far as that can be told without what is hidden of it. One that cannot be read is, by all but a query that asks for more than its place.
    pub(crate) fn concerns(
        &self,
        place: &Place,
        job: (JobRef, &StoredJob),
        reservation: Option<&Reservation>,
        now: Clocks,
        redactions: &Redactions,
    ) -> Verdict {
        let (key, stored) = job;
        match (&self.filter, stored) {
            (Some(ChangeFilter::Query(query)), _) => {
                let job = QueryJob::new(place, key, stored, reservation, redactions);
                query.matches(&job, now)
            }
            (Some(ChangeFilter::Mutation(filter)), Ok(record)) => {
                let body = || compact_json(&record.body);
                match is_meant(filter, &record.jid, &record.jobtype, body) {
                    true => Verdict::Yes,
                    false => Verdict::No,
                }
            }
            (Some(ChangeFilter::Mutation(_)), Err(_)) | (None, _) => Verdict::Yes,
        }
    }
}

fn is_meant<B: AsRef<[u8]>>(
    filter: &MutationFilter,
    jid: &str,
    jobtype: &str,
    body: impl FnOnce() -> B,
) -> bool {
    match filter {
        MutationFilter::Jids(jids) => jids.contains(jid),
        MutationFilter::Jobtype(wanted) => wanted == jobtype,
        MutationFilter::Glob {
            glob,
            jobtype: wanted,
            ..
        } => {
            wanted.as_ref().is_none_or(|wanted| wanted == jobtype) && glob.matches(body().as_ref())
        }
    }
}
