//! What can be done to one job.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::query::JobState;
use workmill_engine::{Change, Op, Outcome};
use workmill_store::JobRef;

use super::show::{find, no_such_job};
use super::verb::JobVerb;
use crate::desk::{Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::outcome::refused;
use crate::service::search::Hit;
use crate::service::{Problem, ProblemKind};

/// How many jobs an action concerned.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Concerned {
    /// How many.
    pub jobs: u64,
    /// The number of the action in the audit log, by which it can be undone if it took jobs away.
    pub audit: Option<u64>,
}

/// Does something to the job with this id, and to no other one that has the same id: if there are several, its key says which
/// is meant. `queue` is where it is moved to.
///
/// # Errors
/// The role; there is no such job, or there are several; the action is not for a job in its state; it left its place at the same
/// time; the server takes nothing in.
pub async fn act(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    (jid, key): (&str, Option<&str>),
    (verb, queue): (JobVerb, Option<&str>),
) -> Result<Concerned, Problem> {
    let permit = Permit::check(actor, verb.action())?;
    let change = verb.change(queue)?;
    let Hit { place, job } = the_one(desk, jid, key).await?;
    let state = JobState::of(&place);
    if !verb.is_for(state) {
        let (verb, state) = (verb.as_str(), state.as_str());
        let detail = format!("the action {verb} is not for a job that is {state}");
        return Err(Problem::new(ProblemKind::Conflict, detail));
    }
    let change = Change::of_jobs(change, vec![(place, job.key)])?;
    match desk.ask(&permit, Op::change(change)).await? {
        Outcome::Changed { jobs: 0, .. } => {
            let detail = "nothing was changed: the job has left its place, or is as it is to be";
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
        Outcome::Changed { jobs, action } => {
            observer.look_again().await;
            Ok(Concerned {
                jobs,
                audit: action,
            })
        }
        other => Err(refused(other)),
    }
}

/// The one job that is meant.
pub(super) async fn the_one(desk: &dyn Desk, jid: &str, key: Option<&str>) -> Result<Hit, Problem> {
    match key {
        Some(key) => by_key(desk, jid, key).await,
        None => {
            let mut hits = find(desk, jid, 2).await?;
            // Completed ones come last: one that is still to be done is meant before them.
            let is_completed = |hit: &Hit| JobState::of(&hit.place) == JobState::Completed;
            if hits.first().is_some_and(|first| !is_completed(first)) {
                hits.retain(|hit| !is_completed(hit));
            }
            if hits.len() > 1 {
                let detail = "several jobs have this id: say which by its key";
                return Err(Problem::new(ProblemKind::Conflict, detail));
            }
            hits.pop().ok_or_else(no_such_job)
        }
    }
}

/// The job under a key, which has this id.
pub(super) async fn by_key(desk: &dyn Desk, jid: &str, key: &str) -> Result<Hit, Problem> {
    let Some(key) = JobRef::parse(key) else {
        let detail = "this is no key of a job: take the one that the job is shown with";
        return Err(Problem::new(ProblemKind::Invalid, detail));
    };
    let found = desk.read(move |reading| reading.job(key)).await?;
    let (place, job) = found.ok_or_else(|| {
        let detail =
            "there is no job under this key any more: it has moved on, is done, or deleted";
        Problem::new(ProblemKind::NotFound, detail)
    })?;
    match &job.job {
        // One that cannot be read has no id.
        Ok(record) if &*record.jid != jid => {
            let detail = "the job under this key has another id";
            Err(Problem::new(ProblemKind::Conflict, detail))
        }
        _ => Ok(Hit { place, job }),
    }
}
