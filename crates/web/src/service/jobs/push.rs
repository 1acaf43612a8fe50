//! Pushing jobs.

use std::collections::BTreeMap;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;
use workmill_engine::{BulkPush, Op, Outcome};
use workmill_proto::{Job, RefusedJob, WireError};

use crate::desk::{Action, Actor, Desk, Permit};
use crate::observe::Observer;
use crate::service::outcome::{done, refused};
use crate::service::{Problem, ProblemKind};

/// How many jobs can be pushed at a time.
pub const PUSH_JOBS_MAX: usize = 10_000;

/// A payload: the members of a JSON object, as they are written.
pub(super) type Members = BTreeMap<String, Box<RawValue>>;

/// A job that was pushed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Pushed {
    /// Its id.
    pub jid: String,
}

/// Jobs that were pushed together.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct PushedMany {
    /// How many were taken in.
    pub jobs: u64,
    /// The ids of all, in order, also of those that were refused.
    pub jids: Vec<String>,
    /// Those that were refused, and why.
    pub refused: Vec<Refusal>,
}

/// Why a job was refused.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Refusal {
    /// The job's id; empty if it has none that can be read.
    pub jid: String,
    /// What is wrong with it.
    pub detail: String,
}

/// An id for a job that was given none.
pub(in crate::service) fn new_jid() -> String {
    URL_SAFE_NO_PAD.encode(rand::random::<[u8; 12]>())
}

/// Pushes a job, as a PUSH of this payload would. One without an id gets one.
///
/// # Errors
/// The role; the payload is none; the rules refuse it; the server takes nothing in.
pub async fn push(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    payload: &RawValue,
) -> Result<Pushed, Problem> {
    let permit = Permit::check(actor, Action::PushJob)?;
    let job = read(desk, payload)?;
    push_read(desk, observer, &permit, job).await
}

/// Pushes a job whose payload was read.
pub(super) async fn push_read(
    desk: &dyn Desk,
    observer: &Observer,
    permit: &Permit,
    job: Job,
) -> Result<Pushed, Problem> {
    let jid = job.jid.clone();
    let op = Op::push(job, desk.now(), desk.rules().custom_reading)?;
    done(desk.ask(permit, op).await?)?;
    observer.look_again().await;
    Ok(Pushed { jid })
}

/// Pushes jobs, as a PUSHB would: those that are refused hold up no others.
///
/// # Errors
/// The role; there are more than [`PUSH_JOBS_MAX`]; the server takes nothing in.
pub async fn push_many(
    desk: &dyn Desk,
    observer: &Observer,
    actor: &Actor,
    payloads: &[Box<RawValue>],
) -> Result<PushedMany, Problem> {
    let permit = Permit::check(actor, Action::PushJob)?;
    if payloads.len() > PUSH_JOBS_MAX {
        let detail = format!("at most {PUSH_JOBS_MAX} jobs can be pushed at a time: push fewer");
        return Err(Problem::new(ProblemKind::Invalid, detail));
    }
    let refuse = |error| RefusedJob {
        jid: String::new(),
        error,
    };
    let read = payloads
        .iter()
        .map(|payload| read(desk, payload).map_err(refuse));
    let jobs: Vec<Result<Job, RefusedJob>> = read.collect();
    let jids = jobs.iter().map(|job| match job {
        Ok(job) => job.jid.clone(),
        Err(refused) => refused.jid.clone(),
    });
    let jids: Vec<String> = jids.collect();
    let bulk = BulkPush::new(jobs, desk.now(), desk.rules().custom_reading);
    let refusals = match desk.ask(&permit, Op::PushBulk(bulk)).await? {
        Outcome::Ok => Vec::new(),
        Outcome::Refusals(refusals) => refusals,
        other => return Err(refused(other)),
    };
    observer.look_again().await;
    let all = u64::try_from(jids.len()).unwrap_or(u64::MAX);
    let refused = refusals.into_iter().map(|(jid, error)| Refusal {
        jid,
        detail: error.to_string(),
    });
    let refused: Vec<Refusal> = refused.collect();
    Ok(PushedMany {
        jobs: all.saturating_sub(refused.len() as u64),
        jids,
        refused,
    })
}

/// Reads a payload; one without an id gets one.
fn read(desk: &dyn Desk, payload: &RawValue) -> Result<Job, WireError> {
    check_size(desk, payload.get().len())?;
    let members: Result<Members, _> = serde_json::from_str(payload.get());
    match members {
        Ok(mut members) if !has_jid(&members) => {
            let jid = serde_json::value::to_raw_value(&new_jid());
            members.extend(jid.ok().map(|jid| (String::from("jid"), jid)));
            Job::parse(&rendered(&members))
        }
        _ => Job::parse(payload.get().as_bytes()),
    }
}

/// Refuses what no client could push.
pub(super) fn check_size(desk: &dyn Desk, bytes: usize) -> Result<(), WireError> {
    let bytes_max = desk.job_bytes_max();
    match bytes <= bytes_max {
        true => Ok(()),
        false => Err(WireError::err(format!(
            "a job may have at most {bytes_max} bytes"
        ))),
    }
}

/// Members that are null count as none, in any case of their names.
fn has_jid(members: &Members) -> bool {
    let mut members = members.iter();
    members.any(|(name, value)| name.eq_ignore_ascii_case("jid") && value.get() != "null")
}

/// The payload as it goes to the server.
pub(super) fn rendered(members: &Members) -> Vec<u8> {
    serde_json::to_vec(members).unwrap_or_default()
}
