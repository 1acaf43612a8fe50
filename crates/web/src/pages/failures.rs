//! `/failures` and `/failures/{id}`: failed jobs by what they have in common.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;
use serde::Deserialize;
use workmill_engine::query::JobState;

use super::Frame;
use super::actions::{JobAction, bulk_actions};
use super::bulk::Bulk;
use super::chart::spark;
use super::job_rows::JobRow;
use super::job_table::{JobTable, page_from};
use super::links::{percent_encoded, search_path};
use super::listing::{Listing, Pager};
use crate::app::App;
use crate::desk::Action;
use crate::locale::{Markup, Texts};
use crate::service::failures::{FailureGroup, FailureOrder, list, show};
use crate::service::jobs;
use crate::service::operations::CarefulRetry;
use crate::service::{PageRequest, Problem, ProblemKind};

/// Groups on the overview: those with the most jobs.
const OVERVIEW_GROUPS: usize = 5;

#[derive(Debug, Default, Deserialize)]
pub(crate) struct FailureParameters {
    #[serde(default)]
    sort: FailureOrder,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "failures.html")]
struct FailuresPage<'a> {
    frame: &'a Frame,
    list: Listing<FailureRow>,
    grouping: bool,
    may_act: bool,
    /// The orders there are.
    sorts: [SortLink; 2],
}

/// A link to the same groups in an order.
struct SortLink {
    href: String,
    title: &'static str,
    is_current: bool,
}

#[derive(Template)]
#[template(path = "failure.html")]
struct FailurePage<'a> {
    frame: &'a Frame,
    row: FailureRow,
    /// Nothing is done to jobs of this list one by one.
    actions: Vec<JobAction>,
    bulk: Bulk,
    /// How its jobs are retried carefully as usual; none for whom that is not allowed.
    care: Option<CarefulRetry>,
    table: JobTable,
    looked_at: u64,
    of: u64,
}

/// A group as a row.
pub(super) struct FailureRow {
    pub(super) group: FailureGroup,
    pub(super) spark: Markup,
}

/// The path of a group's page.
pub(super) fn failure_path(id: &str) -> String {
    format!("/failures/{id}")
}

/// What the column of small charts is called.
pub(super) fn hours_heading(t: &Texts) -> String {
    format!("24{}", t.unit_hour)
}

impl FailureRow {
    fn new(frame: &Frame, group: FailureGroup) -> Self {
        let hours: Vec<u64> = group.hours.iter().map(|&count| u64::from(count)).collect();
        let says = frame.say(frame.t.failures_lately);
        let says = says.number("failed", &hours.iter().sum());
        Self {
            spark: spark("dead", &says.plain(), &hours),
            group,
        }
    }

    /// Those with the most jobs, and how many more there may be.
    pub(super) async fn largest(app: &App, frame: &Frame) -> Result<Vec<Self>, Problem> {
        let found = app.observer.failures(&*app.desk).await?;
        let groups = found.largest(OVERVIEW_GROUPS, frame.now).into_iter();
        Ok(groups.map(|group| Self::new(frame, group)).collect())
    }

    pub(super) fn path(&self) -> String {
        failure_path(&self.group.id)
    }

    /// Where it is said what a retry of its jobs would concern.
    pub(super) fn retry_path(&self) -> String {
        let query = percent_encoded(&self.group.query);
        format!("/operations/new?action=retry&query={query}")
    }

    pub(super) fn search_path(&self) -> String {
        search_path(&self.group.query)
    }

    /// The type of its jobs, in words where it has none.
    pub(super) fn title<'a>(&'a self, t: &'a Texts) -> &'a str {
        let jobtype = self.group.jobtype.as_deref();
        jobtype.unwrap_or(t.jobtype_others)
    }

    /// The error that its jobs have in common.
    pub(super) fn error(&self, t: &Texts) -> String {
        match (self.group.errtype.as_deref(), self.group.message.as_deref()) {
            (Some(""), Some("")) => t.failure_none.to_owned(),
            (Some(errtype), Some("")) => errtype.to_owned(),
            (Some(""), Some(message)) => message.to_owned(),
            (Some(errtype), Some(message)) => format!("{errtype}: {message}"),
            _ => self.group.example.clone(),
        }
    }
}

pub(crate) async fn failures(
    State(app): State<Arc<App>>,
    frame: Frame,
    asked: Query<FailureParameters>,
) -> Response {
    let FailureParameters { sort, cursor } = asked.0;
    let asked = PageRequest {
        cursor,
        limit: None,
    };
    let found = list(&*app.desk, sort, &asked).await;
    frame.show(found.map(|found| {
        FailuresPage {
            frame: &frame,
            list: Listing {
                rows: found
                    .items
                    .into_iter()
                    .map(|group| FailureRow::new(&frame, group))
                    .collect(),
                pager: Pager {
                    is_first: asked.cursor.is_none(),
                    next: found.cursor,
                },
            },
            grouping: found.grouping,
            may_act: frame.may(Action::StartOperation),
            sorts: [
                (FailureOrder::Jobs, "jobs", frame.t.failures_by_jobs),
                (FailureOrder::Last, "last", frame.t.failures_by_last),
            ]
            .map(|(order, name, title)| SortLink {
                href: frame.link(&format!("/failures?sort={name}")),
                title,
                is_current: order == sort,
            }),
        }
    }))
}

pub(crate) async fn failure(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(id): Path<String>,
) -> Response {
    match make(&app, &frame, &id).await {
        Err(problem) if problem.kind == ProblemKind::NotFound => {
            frame.show_problem(&Problem::new(problem.kind, frame.t.failure_gone))
        }
        made => frame.show(made),
    }
}

async fn make<'a>(app: &App, frame: &'a Frame, id: &str) -> Result<FailurePage<'a>, Problem> {
    let group = show(&*app.desk, id).await?;
    let found = jobs::list(&*app.desk, &group.query, &page_from(None)).await?;
    let states = [JobState::Retries, JobState::Dead];
    Ok(FailurePage {
        frame,
        bulk: Bulk::of_states(frame, &states, group.query.clone(), group.jobs),
        row: FailureRow::new(frame, group),
        actions: bulk_actions(frame, &states),
        care: frame
            .may(Action::StartOperation)
            .then(CarefulRetry::default),
        table: JobTable {
            state: None,
            list: Listing {
                rows: found.jobs.into_iter().map(JobRow::from).collect(),
                pager: Pager {
                    is_first: true,
                    next: found.found.cursor,
                },
            },
        },
        looked_at: found.found.looked_at,
        of: found.found.of,
    })
}
