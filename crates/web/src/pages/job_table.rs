//! A page of jobs, as a table.

use workmill_engine::query::JobState;
use workmill_proto::Timestamp;
use workmill_store::Place;

use super::job_rows::JobRow;
use super::listing::Listing;
use crate::app::App;
use crate::locale::Texts;
use crate::service::jobs::list_of;
use crate::service::{PageRequest, Problem};

/// Jobs on one page.
const PAGE_JOBS: usize = 50;

/// Some jobs, one after another.
pub(super) struct JobTable {
    /// The state of all of them; none if they differ.
    pub(super) state: Option<JobState>,
    pub(super) list: Listing<JobRow>,
}

impl JobTable {
    /// Those of a place, from a cursor on.
    pub(super) async fn of_place(
        app: &App,
        state: JobState,
        place: Place,
        cursor: Option<String>,
    ) -> Result<Self, Problem> {
        let asked = page_from(cursor);
        let page = list_of(&*app.desk, place, &asked).await?;
        Ok(Self {
            state: Some(state),
            list: Listing::of(&asked, page.map(JobRow::from)),
        })
    }

    pub(super) fn shows_state(&self) -> bool {
        self.state.is_none()
    }

    pub(super) fn shows_worker(&self) -> bool {
        self.state == Some(JobState::Working)
    }

    pub(super) fn shows_run(&self) -> bool {
        self.state == Some(JobState::Completed)
    }

    pub(super) fn shows_error(&self) -> bool {
        matches!(self.state, None | Some(JobState::Retries | JobState::Dead))
    }

    pub(super) fn shows_queue(&self) -> bool {
        self.state != Some(JobState::Enqueued)
    }

    /// What the moment of a row means.
    pub(super) fn moment_name(&self, t: &Texts) -> &'static str {
        match self.state {
            None => t.time,
            Some(JobState::Enqueued) => t.when_enqueued,
            Some(JobState::Working) => t.when_started,
            Some(JobState::Scheduled) => t.when_due,
            Some(JobState::Retries) => t.when_tried_again,
            Some(JobState::Dead) => t.when_forgotten,
            Some(JobState::Completed) => t.when_completed,
        }
    }
}

/// A page of jobs from a cursor on.
pub(super) fn page_from(cursor: Option<String>) -> PageRequest {
    PageRequest {
        cursor,
        limit: Some(PAGE_JOBS),
    }
}

impl JobRow {
    /// The moment that says most in its state.
    pub(super) fn moment(&self) -> Option<Timestamp> {
        let started = self.held.as_ref().map(|held| held.since);
        started.or(self.at).or(self.enqueued_at)
    }
}
