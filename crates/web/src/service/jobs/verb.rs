//! What can be done to jobs, one by one or many at a time.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use workmill_engine::ChangeVerb;
use workmill_engine::query::JobState;

use crate::desk::Action;
use crate::service::{Problem, ProblemKind};

/// What can be done to jobs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum JobVerb {
    /// Put jobs that are dead or wait to be tried again into their queues now.
    Retry,
    /// Put scheduled jobs into their queues now.
    Enqueue,
    /// Put jobs into their queues now, at the tail; take those that work from their workers.
    Requeue,
    /// Move jobs to the dead set; take those that work from their workers.
    Kill,
    /// Forget jobs; take those that work from their workers.
    Delete,
    /// Make jobs that do not work belong to another queue.
    Move,
}

impl JobVerb {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::Retry,
        Self::Enqueue,
        Self::Requeue,
        Self::Kill,
        Self::Delete,
        Self::Move,
    ];

    /// Its name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Retry => "retry",
            Self::Enqueue => "enqueue",
            Self::Requeue => "requeue",
            Self::Kill => "kill",
            Self::Delete => "delete",
            Self::Move => "move",
        }
    }

    /// The one of this name.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == text)
    }

    /// What it takes to do it to one job.
    pub const fn action(self) -> Action {
        match self {
            Self::Retry | Self::Enqueue | Self::Requeue => Action::RequeueJob,
            Self::Kill => Action::KillJob,
            Self::Delete => Action::DeleteJob,
            Self::Move => Action::MoveJob,
        }
    }

    /// The states of the jobs it is for; none means all. Completed jobs are only ever deleted, and only one by one.
    pub(in crate::service) const fn states(self) -> Option<&'static [JobState]> {
        match self {
            Self::Retry => Some(&[JobState::Retries, JobState::Dead]),
            Self::Enqueue => Some(&[JobState::Scheduled]),
            Self::Move => Some(&[
                JobState::Enqueued,
                JobState::Scheduled,
                JobState::Retries,
                JobState::Dead,
            ]),
            // What is dead would only be kept longer, and counted twice.
            Self::Kill => Some(&[
                JobState::Enqueued,
                JobState::Working,
                JobState::Scheduled,
                JobState::Retries,
            ]),
            Self::Requeue => Some(&[
                JobState::Enqueued,
                JobState::Working,
                JobState::Scheduled,
                JobState::Retries,
                JobState::Dead,
            ]),
            Self::Delete => None,
        }
    }

    /// Whether it is for jobs of this state.
    pub fn is_for(self, state: JobState) -> bool {
        self.states().is_none_or(|states| states.contains(&state))
    }

    /// What the server does then. `queue` is where jobs are moved to.
    pub(in crate::service) fn change(self, queue: Option<&str>) -> Result<ChangeVerb, Problem> {
        Ok(match (self, queue) {
            (Self::Move, Some(queue)) => ChangeVerb::move_to(queue)?,
            (Self::Move, None) => {
                let detail = "a move needs the queue that jobs are moved to";
                return Err(Problem::new(ProblemKind::Invalid, detail));
            }
            (_, Some(_)) => {
                let detail = "only a move takes a queue: to choose jobs by theirs, use a query";
                return Err(Problem::new(ProblemKind::Invalid, detail));
            }
            (Self::Retry | Self::Enqueue | Self::Requeue, None) => ChangeVerb::Requeue,
            (Self::Kill, None) => ChangeVerb::Kill,
            (Self::Delete, None) => ChangeVerb::Discard,
        })
    }
}
