//! `/scheduled`, `/retries`, `/morgue`, `/completed` and `/busy`: the jobs of a state.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use workmill_engine::query::JobState;
use workmill_proto::SetName;
use workmill_store::Place;

use super::Frame;
use super::actions::{JobAction, bulk_actions};
use super::bulk::Bulk;
use super::job_table::JobTable;
use super::listing::ListParameters;
use crate::app::App;
use crate::locale::Texts;
use crate::service::Problem;

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
    /// What may be done to those that are selected.
    actions: Vec<JobAction>,
    /// What may be done to all of them.
    bulk: Bulk,
    table: JobTable,
}

/// `GET /scheduled`, `/retries`, `/morgue`, `/completed` and `/busy`.
pub(crate) async fn set(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    frame.show(make(&app, &frame, state_at(&frame.path), at.0).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    state: JobState,
    at: ListParameters,
) -> Result<SetPage<'a>, Problem> {
    let table = JobTable::of_place(app, state, place(state), at.cursor).await?;
    if state == JobState::Dead {
        let dead = frame.total(JobState::Dead);
        app.watch.look_at_dead(dead, frame.now).await;
    }
    let query = format!("state:{}", state.as_str());
    Ok(SetPage {
        frame,
        words: match state {
            JobState::Completed if app.desk.rules().completed_secs == 0 => off(frame.t),
            _ => words(state, frame.t),
        },
        total: frame.total(state),
        actions: bulk_actions(frame, &[state]),
        bulk: Bulk::of_all(frame, state, query, frame.total(state)),
        table,
    })
}

/// The state whose jobs are at a path.
pub(super) fn state_at(path: &str) -> JobState {
    match path {
        "/scheduled" => JobState::Scheduled,
        "/retries" => JobState::Retries,
        "/busy" => JobState::Working,
        "/completed" => JobState::Completed,
        _ => JobState::Dead,
    }
}

/// Where the jobs of a state are.
pub(super) fn place(state: JobState) -> Place {
    match state {
        JobState::Scheduled => Place::Set(SetName::Scheduled),
        JobState::Retries => Place::Set(SetName::Retries),
        JobState::Dead => Place::Set(SetName::Dead),
        JobState::Completed => Place::Set(SetName::Completed),
        JobState::Working | JobState::Enqueued => Place::Working,
    }
}

/// What the page of completed jobs says if none are kept.
fn off(t: &Texts) -> Words {
    Words {
        teach: t.completed_off,
        example: Some("[history]\ncompleted = \"1h\""),
        ..words(JobState::Completed, t)
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
        JobState::Completed => Words {
            title: t.completed,
            lead: t.completed_lead,
            empty: t.completed_empty,
            teach: t.completed_teach,
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
