//! A page of jobs, as a table.

use workmill_engine::query::JobState;
use workmill_proto::Timestamp;
use workmill_store::Place;

use super::Frame;
use super::job_rows::JobRow;
use crate::app::App;
use crate::locale::Texts;
use crate::service::jobs::{JobVerb, list_of};
use crate::service::{PageRequest, Problem};

/// Jobs on one page.
const PAGE_JOBS: usize = 50;

/// Some jobs, one after another.
pub(super) struct JobTable {
    /// The state of all of them; none if they differ.
    pub(super) state: Option<JobState>,
    /// Whether these are the first ones.
    pub(super) is_first: bool,
    pub(super) rows: Vec<JobRow>,
    /// Where the next page begins.
    pub(super) next: Option<String>,
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
            is_first: asked.cursor.is_none(),
            rows: page.items.into_iter().map(JobRow::from).collect(),
            next: page.cursor,
        })
    }

    pub(super) fn shows_state(&self) -> bool {
        self.state.is_none()
    }

    pub(super) fn shows_worker(&self) -> bool {
        self.state == Some(JobState::Working)
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

/// A button: what it does, what it says, and how it looks.
pub(super) struct Deed {
    pub(super) action: &'static str,
    pub(super) title: &'static str,
    pub(super) class: &'static str,
}

/// What whoever reads may do to jobs of a state.
pub(super) fn deeds(frame: &Frame, state: JobState) -> Vec<Deed> {
    let t = frame.t;
    let retry = (JobVerb::Retry, "retry", t.act_retry, "");
    let enqueue = (JobVerb::Enqueue, "add_to_queue", t.act_enqueue, "");
    let kill = (JobVerb::Kill, "kill", t.act_kill, "danger");
    let delete = (JobVerb::Delete, "delete", t.act_delete, "danger");
    [retry, enqueue, kill, delete]
        .into_iter()
        .filter(|(verb, ..)| verb.is_for(state) && frame.may(verb.action()))
        .filter(|(verb, ..)| state != JobState::Dead || *verb != JobVerb::Kill)
        .map(|(_, action, title, class)| Deed {
            action,
            title,
            class,
        })
        .collect()
}
