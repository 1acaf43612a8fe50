//! A job and where it is, its moments told by the wall clock.

use workmill_engine::query::{JobState, Redactions};
use workmill_proto::Timestamp;
use workmill_store::{Attempt, Clocks, JobRef, Place, StoredJob};

use crate::service::search::Hit;

/// A job and where it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JobView {
    /// Which job: another one has another key, also one with the same id.
    pub key: JobRef,
    /// Where it is.
    pub place: Place,
    /// The job without what is hidden of it, or what is in its place.
    pub job: StoredJob,
    /// In a set, when it is due, is tried again, or is forgotten; or when it was done.
    pub at: Option<Timestamp>,
    /// Who has it, if it works.
    pub held: Option<Held>,
    /// When it was taken back from lost workers, latest last.
    pub recovered_at: Vec<Timestamp>,
}

/// That a worker has a job.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Held {
    /// The worker; empty for a connection that named none.
    pub wid: Box<str>,
    /// Since when.
    pub since: Timestamp,
    /// When it is taken back.
    pub until: Timestamp,
}

impl JobView {
    /// What was found, as the clocks show it now, without what is hidden of it.
    pub(super) fn new(hit: Hit, now: Clocks, redactions: &Redactions) -> Self {
        let Hit { place, job } = hit;
        let at = match (&place, job.key) {
            (Place::Set(set), JobRef::Entry(key)) => Some(key.at.on_wall(*set, now)),
            _ => None,
        };
        let held = job.reservation.map(|held| Held {
            wid: held.wid,
            since: now.on_wall(held.reserved_at),
            until: now.on_wall(held.expires_at),
        });
        let recovered_at = job.job.as_ref().map_or(&[][..], |job| &job.recovered_at);
        let recovered_at = recovered_at.iter().map(|at| now.on_wall(*at));
        Self {
            recovered_at: recovered_at.collect(),
            key: job.key,
            job: redactions.hide(job.job),
            place,
            at,
            held,
        }
    }

    /// The execution in which it was done, if it is completed; none also if that cannot be read.
    pub fn run(&self) -> Option<Attempt> {
        let record = self.job.as_ref().ok()?;
        let attempts = (self.state() == JobState::Completed).then(|| record.attempts.read());
        attempts??.into_iter().next()
    }

    /// Its state.
    pub fn state(&self) -> JobState {
        JobState::of(&self.place)
    }
}
