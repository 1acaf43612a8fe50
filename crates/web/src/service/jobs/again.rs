//! Pushing the job of a payload again that is through: a new job, with an id of its own.

use serde::Deserialize;
use serde_json::value::to_raw_value;
use utoipa::ToSchema;
use workmill_engine::query::JobState;
use workmill_proto::Job;

use super::act::the_one;
use super::payload_change::{PayloadChange, invalid};
use super::push::{Members, Pushed, check_size, push_read, rendered};
use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::{Problem, ProblemKind};

/// Which job is pushed again, and what is to be different in the new one.
#[derive(Clone, Debug, Default, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AgainRequest {
    /// The key of the job; it can be left out if no other job has the same id.
    #[serde(default)]
    #[schema(required = false)]
    pub key: Option<String>,
    /// What is to be different in the new one.
    #[serde(default)]
    #[schema(required = false)]
    pub change: PayloadChange,
}

/// What a payload says of the job alone that it was pushed as.
const OF_THE_OTHER: [&str; 4] = ["jid", "created_at", "at", "failure"];

/// What `custom` says of it: its batch was counted without the new job, and its end may have passed.
const BONDS_OF_THE_OTHER: [&str; 5] = ["bid", "_bid", "_cb", "_pbid", "expires_at"];

/// Pushes a new job with the payload of a completed or dead one, which stays as it is. The new one goes to its queue at once. It is as
/// unique and as tracked as the other, but belongs to no batch.
///
/// # Errors
/// The role; there is no such job, or there are several; it is still to be done; the payload is none that could be pushed; an equal
/// job has the lock; the server takes nothing in.
pub async fn push_again(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    jid: &str,
    asked: &AgainRequest,
) -> Result<Pushed, Problem> {
    let permit = Permit::check(actor, Action::PushJob)?;
    let conflict = |detail: String| Problem::new(ProblemKind::Conflict, detail);
    let hit = the_one(desk, jid, asked.key.as_deref()).await?;
    let state = JobState::of(&hit.place);
    if !matches!(state, JobState::Completed | JobState::Dead) {
        let state = state.as_str();
        let detail = format!("only what is completed or dead is pushed again: the job is {state}");
        return Err(conflict(detail));
    }
    let record = hit.job.job.map_err(|corrupt| conflict(corrupt.reason))?;
    let redactions = desk.rules().redactions;
    let members = unbound(asked.change.applied_to(&record, &redactions)?).map_err(invalid)?;
    let payload = rendered(&members);
    check_size(desk, payload.len())?;
    push_read(desk, observer, &permit, Job::parse(&payload)?).await
}

/// Without what only the other job had, and with an id of its own.
fn unbound(mut members: Members) -> serde_json::Result<Members> {
    for name in OF_THE_OTHER {
        members.remove(name);
    }
    members.insert(String::from("jid"), to_raw_value(&super::new_jid())?);
    if let Some(custom) = members.remove("custom") {
        let mut custom: Option<Members> = serde_json::from_str(custom.get())?;
        for name in BONDS_OF_THE_OTHER {
            custom.as_mut().and_then(|custom| custom.remove(name));
        }
        members.insert(String::from("custom"), to_raw_value(&custom)?);
    }
    Ok(members)
}
