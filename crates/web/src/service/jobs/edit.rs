//! Giving a job another payload, if nobody else has changed it since it was seen.

use std::sync::Arc;

use serde::Deserialize;
use serde_json::value::RawValue;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use utoipa::ToSchema;
use workmill_engine::query::JobState;
use workmill_engine::{Change, ChangeVerb, JobEdit, Op, Outcome};
use workmill_proto::Job;
use workmill_store::{Place, StoredJob};

use super::act::{Concerned, by_key};
use super::payload_change::{PayloadChange, invalid};
use super::push::{Members, check_size, rendered};
use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::hex::hex;
use crate::service::outcome::refused;
use crate::service::search::Hit;
use crate::service::{Problem, ProblemKind};

// It has the members of `PayloadChange` itself, as they stand beside the others: raw JSON cannot be flattened.
/// What a job is to be like. What is left out stays as it is.
#[derive(Clone, Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct EditRequest {
    /// The key of the job, as it is shown.
    pub key: String,
    /// The digest of the job, as it is shown: if the job has changed since, it is left as it is.
    pub digest: String,
    /// Its type.
    #[serde(default)]
    #[schema(required = false)]
    pub jobtype: Option<String>,
    /// Its queue.
    #[serde(default)]
    #[schema(required = false)]
    pub queue: Option<String>,
    /// Its arguments.
    #[serde(default)]
    #[schema(value_type = Vec<serde_json::Value>, required = false)]
    pub args: Option<Box<RawValue>>,
    /// Its `custom`. What it was pushed with there stays as it is: `bid`, `unique_for` and the like, `expires_at`, `track`.
    #[serde(default)]
    #[schema(value_type = Object, required = false)]
    pub custom: Option<Box<RawValue>>,
    /// How often it may be tried again.
    #[serde(default)]
    #[schema(required = false)]
    pub retry: Option<i64>,
    /// For how many seconds a worker may keep it.
    #[serde(default)]
    #[schema(required = false)]
    pub reserve_for: Option<i64>,
    /// Whether it is put into its queue now. If not, a job of a set stays there until its time; one of a queue goes to the
    /// tail.
    #[serde(default)]
    pub enqueue: bool,
}

/// Tells whether a job has changed since it was shown; none if it cannot be read.
pub(crate) fn digest(shown: &StoredJob) -> Option<String> {
    let record = shown.as_ref().ok()?;
    let digest = Sha256::digest(&record.body);
    digest.get(..16).map(hex)
}

/// Gives the job with this id another payload.
///
/// # Errors
/// The role; there is no such job; a worker has it; it has changed since it was seen; the payload is none that could be pushed;
/// the server takes nothing in.
pub async fn edit(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    jid: &str,
    asked: &EditRequest,
) -> Result<Concerned, Problem> {
    let permit = Permit::check(actor, Action::EditJob)?;
    let conflict = |detail: &str| Problem::new(ProblemKind::Conflict, detail);
    let Hit { place, job } = by_key(desk, jid, &asked.key).await?;
    if place == Place::Working {
        return Err(conflict("a worker has the job: it cannot be edited now"));
    }
    if JobState::of(&place) == JobState::Completed {
        let detail =
            "the job is done and stays as it is: push it again, with what is to be different";
        return Err(conflict(detail));
    }
    let key = job.key;
    let redactions = desk.rules().redactions;
    let shown = redactions.hide(job.job.clone());
    let has_changed = || conflict("the job has changed since it was seen: look at it again");
    if digest(&shown).as_ref() != Some(&asked.digest) {
        return Err(has_changed());
    }
    let record = job.job.map_err(|corrupt| conflict(&corrupt.reason))?;
    let members = asked.change().applied_to(&record, &redactions)?;
    if let Some(custom) = &asked.custom {
        check_bonds(&record.body, custom).map_err(invalid)??;
    }
    let seen = record.body;
    let payload = rendered(&members);
    check_size(desk, payload.len())?;
    let job = Job::parse(&payload)?;
    job.back_off()?;
    let edit = JobEdit::new(seen, job, asked.enqueue);
    let change = Change::of_jobs(ChangeVerb::Edit(Arc::new(edit)), vec![(place, key)])?;
    match desk.ask(&permit, Op::change(change)).await? {
        Outcome::Changed { jobs: 0, .. } => Err(has_changed()),
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

impl EditRequest {
    /// What is to be different in the payload.
    pub(crate) fn change(&self) -> PayloadChange {
        PayloadChange {
            jobtype: self.jobtype.clone(),
            queue: self.queue.clone(),
            args: self.args.clone(),
            custom: self.custom.clone(),
            retry: self.retry,
            reserve_for: self.reserve_for,
        }
    }
}

/// What `custom` says of what a job was pushed with: it is bound to that, whatever an edit says.
const BONDS: [&str; 9] = [
    "bid",
    "_bid",
    "_cb",
    "_pbid",
    "unique_for",
    "unique_until",
    "expires_at",
    "expires_in",
    "track",
];

/// Refuses a `custom` that says something else of what the job with this payload was pushed with.
fn check_bonds(seen: &[u8], after: &RawValue) -> serde_json::Result<Result<(), Problem>> {
    let members = |json: &RawValue| serde_json::from_str::<Map<String, Value>>(json.get());
    let seen: Members = serde_json::from_slice(seen)?;
    let before = seen.get("custom").map(|custom| members(custom));
    let before = before.transpose()?.unwrap_or_default();
    let after = members(after)?;
    let changed = BONDS
        .into_iter()
        .find(|name| before.get(*name) != after.get(*name));
    Ok(match changed {
        None => Ok(()),
        Some(name) => Err(Problem::new(
            ProblemKind::Invalid,
            format!("custom.{name} is what the job was pushed with: it cannot be changed"),
        )),
    })
}
