//! The last runs of recurring jobs, as they are shown.

use std::time::Duration;

use serde::Serialize;
use utoipa::ToSchema;
use workmill_proto::Timestamp;
use workmill_store::{PastRun, TrackState};

use super::CronEntry;
use crate::desk::Desk;
use crate::service::Problem;
use crate::service::moment::{told, told_if_any};

/// A run of a recurring job, and what became of its job.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, ToSchema)]
pub struct CronRun {
    /// When its job was pushed.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub at: Timestamp,
    /// The id of its job; null if the job was refused.
    pub jid: Option<String>,
    /// Where its job is, or what became of it.
    pub state: CronRunState,
    /// When it was last handed out; null if it never was.
    #[serde(serialize_with = "told_if_any")]
    #[schema(value_type = Option<String>, format = DateTime)]
    pub started_at: Option<Timestamp>,
    /// When its state last changed.
    #[serde(serialize_with = "told")]
    #[schema(value_type = String, format = DateTime)]
    pub changed_at: Timestamp,
}

/// What became of the job of a run.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum CronRunState {
    /// It waits for a worker.
    Enqueued,
    /// A worker has it.
    Working,
    /// It is done.
    Succeeded,
    /// It has failed; it may be tried again.
    Failed,
    /// It has failed for the last time, or was killed.
    Dead,
    /// It was deleted, or has expired.
    Gone,
    /// It was never pushed: the rules refused it.
    Refused,
}

impl CronRun {
    /// How long its last execution took, or takes by now; none if there was none.
    pub fn took(&self, now: Timestamp) -> Option<Duration> {
        let until = match self.state {
            CronRunState::Working => now,
            CronRunState::Enqueued | CronRunState::Refused => return None,
            _ => self.changed_at,
        };
        Some(until.since(self.started_at?))
    }
}

impl From<PastRun> for CronRun {
    fn from(run: PastRun) -> Self {
        Self {
            at: run.at,
            state: match (run.state, &run.jid) {
                (_, None) => CronRunState::Refused,
                (TrackState::Unknown, Some(_)) => CronRunState::Gone,
                (TrackState::Enqueued, Some(_)) => CronRunState::Enqueued,
                (TrackState::Working, Some(_)) => CronRunState::Working,
                (TrackState::Success, Some(_)) => CronRunState::Succeeded,
                (TrackState::Failed, Some(_)) => CronRunState::Failed,
                (TrackState::Dead, Some(_)) => CronRunState::Dead,
            },
            jid: run.jid.map(Into::into),
            started_at: run.started_at,
            changed_at: run.changed_at,
        }
    }
}

/// Entries with their last runs.
///
/// # Errors
/// Reading failed.
pub(super) async fn with_runs(
    desk: &dyn Desk,
    mut entries: Vec<CronEntry>,
) -> Result<Vec<CronEntry>, Problem> {
    let names: Vec<String> = entries.iter().map(|entry| entry.name.clone()).collect();
    let found = desk
        .read(move |reading| {
            let runs = names.iter().map(|name| reading.past_runs(name));
            runs.collect::<Result<Vec<_>, _>>()
        })
        .await?;
    for (entry, runs) in entries.iter_mut().zip(found) {
        let runs = runs.unwrap_or_default().0;
        entry.runs = runs.into_iter().map(CronRun::from).collect();
    }
    Ok(entries)
}
