//! The way from a list to what can be done to all of its jobs.

use workmill_engine::query::JobState;

use super::Frame;
use super::actions::{JobAction, bulk_actions};

/// What may be done to all jobs of a query.
pub(super) struct Bulk {
    /// What stands before the buttons.
    pub(super) title: String,
    pub(super) query: String,
    /// Empty if whoever reads may do nothing.
    pub(super) actions: Vec<JobAction>,
}

impl Bulk {
    /// To so many jobs of a state.
    pub(super) fn of_all(frame: &Frame, state: JobState, query: String, jobs: u64) -> Self {
        Self {
            title: frame.count(frame.t.all_jobs, &jobs).plain(),
            query,
            actions: match state {
                // They are passed over by whatever is done to all jobs that match.
                JobState::Completed => Vec::new(),
                state => bulk_actions(frame, &[state]),
            },
        }
    }

    /// To all that match a query, so many jobs in some of these states.
    pub(super) fn of_states(frame: &Frame, states: &[JobState], query: String, jobs: u64) -> Self {
        Self {
            actions: bulk_actions(frame, states),
            ..Self::of_all(frame, JobState::Dead, query, jobs)
        }
    }

    /// To all that match a query.
    pub(super) fn of_query(frame: &Frame, query: &str) -> Self {
        Self {
            title: frame.t.all_matching.to_owned(),
            query: query.to_owned(),
            actions: bulk_actions(frame, &JobState::ALL),
        }
    }
}
