//! `/scheduled`, `/retries`, `/morgue` and `/busy`: the jobs of a state.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use workmill_engine::query::JobState;

use super::Frame;
use super::job_table::{Deed, JobTable, deeds};
use crate::app::App;
use crate::desk::Action;
use crate::locale::Texts;
use crate::service::Problem;
use workmill_proto::SetName;
use workmill_store::Place;

/// Where a list goes on.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct ListParameters {
    pub(super) cursor: Option<String>,
}

/// What the page of a state says.
struct Words {
    title: &'static str,
    lead: &'static str,
    empty: &'static str,
    /// How jobs come here.
    teach: &'static str,
    /// Something that puts one here.
    example: Option<&'static str>,
}

#[derive(Template)]
#[template(path = "set.html")]
struct SetPage<'a> {
    frame: &'a Frame,
    words: Words,
    total: u64,
    /// What may be done to its jobs.
    deeds: Vec<Deed>,
    may_do_all: bool,
    table: JobTable,
}

pub(crate) async fn scheduled(
    app: State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    show(&app, &frame, JobState::Scheduled, at.0).await
}

pub(crate) async fn retries(
    app: State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    show(&app, &frame, JobState::Retries, at.0).await
}

pub(crate) async fn dead(
    app: State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    show(&app, &frame, JobState::Dead, at.0).await
}

pub(crate) async fn working(
    app: State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    show(&app, &frame, JobState::Working, at.0).await
}

async fn show(app: &App, frame: &Frame, state: JobState, at: ListParameters) -> Response {
    frame.show(make(app, frame, state, at).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    state: JobState,
    at: ListParameters,
) -> Result<SetPage<'a>, Problem> {
    let table = JobTable::of_place(app, state, place(state), at.cursor).await?;
    Ok(SetPage {
        frame,
        words: words(state, frame.t),
        total: frame.total(state),
        deeds: match state {
            JobState::Working => Vec::new(),
            _ => deeds(frame, state),
        },
        may_do_all: frame.may(Action::StartOperation),
        table,
    })
}

/// Where the jobs of a state are.
fn place(state: JobState) -> Place {
    match state {
        JobState::Scheduled => Place::Set(SetName::Scheduled),
        JobState::Retries => Place::Set(SetName::Retries),
        JobState::Dead => Place::Set(SetName::Dead),
        JobState::Working | JobState::Enqueued => Place::Working,
    }
}

fn words(state: JobState, t: &Texts) -> Words {
    match state {
        JobState::Scheduled => Words {
            title: t.scheduled,
            lead: t.scheduled_lead,
            empty: t.scheduled_empty,
            teach: t.scheduled_teach,
            example: Some(
                r#"PUSH {"jid":"b6a0f0c7c2d84a3e","jobtype":"Reminder","args":[42],"at":"2030-01-01T09:00:00Z"}"#,
            ),
        },
        JobState::Retries => Words {
            title: t.retries,
            lead: t.retries_lead,
            empty: t.retries_empty,
            teach: t.retries_teach,
            example: None,
        },
        JobState::Dead => Words {
            title: t.dead,
            lead: t.dead_lead,
            empty: t.dead_empty,
            teach: t.dead_teach,
            example: None,
        },
        JobState::Working | JobState::Enqueued => Words {
            title: t.working,
            lead: t.working_lead,
            empty: t.working_empty,
            teach: t.working_teach,
            example: Some("FETCH default"),
        },
    }
}
