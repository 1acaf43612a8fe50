//! An operation, as it is shown.

use serde::Serialize;
use utoipa::ToSchema;
use workmill_engine::{
    ChangeFilter, ChangePlaces, ChangeVerb, OperationId, OperationReport, OperationState,
};
use workmill_proto::Timestamp;

use super::careful::CarefulRetry;
use crate::service::moment::{told, told_if_any};

/// A change of many jobs, on its way or ended.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct Operation {
    /// Its id.
    pub id: String,
    /// What it does: `requeue`, `retry_carefully`, `kill`, `delete`, `move`, `undo` or `empty_trash`.
    pub action: &'static str,
    /// The queue that jobs are moved to; null if they are not.
    pub queue: Option<String>,
    /// Its number in the audit log, by which it can be undone; null before its first step.
    pub audit: Option<u64>,
    /// The number of the action that it takes back; null if it takes none back.
    pub undoes: Option<u64>,
    /// What the jobs match; null if they were named one by one, or are those in the trash.
    pub query: Option<String>,
    /// `running`, `done`, `cancelled` or `failed`. What was done until then is done.
    pub state: &'static str,
    /// Why it was given up; null if it was not.
    pub reason: Option<String>,
    /// When it was started.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub started_at: Timestamp,
    /// When it ended; null while it runs.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub ended_at: Option<Timestamp>,
    /// How many jobs it has looked at.
    pub looked_at: u64,
    /// How many of them it has changed.
    pub changed: u64,
    /// Of how many it could not be told whether they match: they were left alone.
    pub unknown: u64,
    /// About how many it still has to look at.
    pub left: u64,
    /// How carefully it retries; null if it does not.
    pub careful: Option<CarefulRetry>,
}

impl From<OperationReport> for Operation {
    fn from(report: OperationReport) -> Self {
        let OperationId(id) = report.id;
        let undoes = match report.change.places {
            ChangePlaces::Trash(action) => action,
            _ => None,
        };
        let empties = matches!(report.change.places, ChangePlaces::Trash(None));
        let (action, queue) = match &report.change.verb {
            _ if empties => ("empty_trash", None),
            ChangeVerb::Clear | ChangeVerb::Discard => ("delete", None),
            ChangeVerb::Restore => ("undo", None),
            ChangeVerb::Kill => ("kill", None),
            ChangeVerb::Requeue => ("requeue", None),
            ChangeVerb::RetryCarefully(_) => ("retry_carefully", None),
            ChangeVerb::Move(queue) => ("move", Some(queue.to_string())),
            ChangeVerb::Edit(_) => ("edit", None),
        };
        let careful = match &report.change.verb {
            ChangeVerb::RetryCarefully(care) => Some(CarefulRetry::from(care)),
            _ => None,
        };
        let query = match (&report.change.places, &report.change.filter) {
            (ChangePlaces::Jobs(_) | ChangePlaces::Trash(_), _) => None,
            (_, Some(ChangeFilter::Query(query))) => Some(query.to_string()),
            (_, Some(ChangeFilter::Mutation(_)) | None) => Some(String::new()),
        };
        let (state, reason) = match report.state {
            OperationState::Running => ("running", None),
            OperationState::Done => ("done", None),
            OperationState::Cancelled => ("cancelled", None),
            OperationState::Failed(reason) => ("failed", Some(reason)),
        };
        Self {
            id: told_id(id),
            action,
            audit: report.action,
            undoes,
            queue,
            query,
            state,
            reason,
            started_at: report.started_at,
            ended_at: report.ended_at,
            looked_at: report.looked_at,
            changed: report.changed,
            unknown: report.unknown,
            left: report.left,
            careful,
        }
    }
}

/// How an id is written.
pub(crate) fn told_id(id: u64) -> String {
    OperationId(id).to_string()
}

/// Reads an id. None if none is written so.
pub(crate) fn read_id(text: &str) -> Option<OperationId> {
    let id = u64::from_str_radix(text, 16).ok()?;
    (told_id(id) == text).then_some(OperationId(id))
}
