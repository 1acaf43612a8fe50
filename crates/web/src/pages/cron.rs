//! `/cron`: the recurring jobs, and what forms do with them.

use std::sync::Arc;

use askama::Template;
use axum::Form;
use axum::extract::{Query, State};
use axum::response::Response;
use workmill_proto::Timestamp;

use super::Frame;
use super::forms::{Fields, invalid};
use super::links::{cron_edit_path, queue_path};
use super::listing::{ListParameters, Listing};
use super::notice::Notice;
use crate::app::App;
use crate::desk::Action;
use crate::service::Problem;
use crate::service::cron::{self, CronEntry, CronSource};

#[derive(Template)]
#[template(path = "cron.html")]
struct CronPage<'a> {
    frame: &'a Frame,
    list: Listing<CronEntry>,
}

impl CronPage<'_> {
    fn may_act(&self) -> bool {
        may_act(self.frame)
    }

    fn may_save(&self) -> bool {
        may_save(self.frame)
    }
}

/// Whether whoever reads may run, pause and resume recurring jobs.
pub(super) fn may_act(frame: &Frame) -> bool {
    let needed = [Action::RunCron, Action::PauseCron, Action::ResumeCron];
    needed.into_iter().all(|action| frame.may(action))
}

/// Whether whoever reads may make, change and delete them.
pub(super) fn may_save(frame: &Frame) -> bool {
    frame.may(Action::SaveCron) && frame.may(Action::DeleteCron)
}

impl CronEntry {
    /// Its name, if it is not made of what is shown of it anyway.
    pub(super) fn own_name(&self) -> Option<&str> {
        let shown = format!("{} {}", self.jobtype, self.schedule);
        (!self.name.starts_with(&shown)).then_some(self.name.as_str())
    }

    fn queue_path(&self) -> String {
        queue_path(&self.queue)
    }

    pub(super) fn edit_path(&self) -> String {
        cron_edit_path(&self.name)
    }

    fn next(&self) -> Option<Timestamp> {
        self.next.first().copied()
    }

    /// When it last ran. What it is done until says less: a pause moves that, too.
    fn last(&self) -> Option<Timestamp> {
        self.runs.first().map(|run| run.at)
    }

    fn is_made(&self) -> bool {
        self.source == CronSource::Api
    }

    /// Whether all of it may be seen, so that a form can show it.
    pub(super) fn can_be_edited(&self) -> bool {
        self.is_made() && self.job.is_some()
    }
}

/// `GET /cron`.
pub(crate) async fn cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = cron::list(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| CronPage {
        frame: &frame,
        list: Listing::of(&asked, page),
    }))
}

/// `POST /cron`: pushes the job of an entry now, pauses it, lets it go on, or deletes it.
pub(crate) async fn on_cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    Form(fields): Form<Fields>,
) -> Response {
    let name = fields.first("name").unwrap_or_default();
    let done = act(&app, &frame, name, &fields).await;
    frame.done("/cron", done)
}

/// Does to an entry what a form says.
pub(super) async fn act(
    app: &App,
    frame: &Frame,
    name: &str,
    fields: &Fields,
) -> Result<Notice, Problem> {
    let (desk, observer, actor) = (&*app.desk, &app.observer, &frame.actor);
    match fields.first("action").unwrap_or_default() {
        "run" => {
            let pushed = cron::run_now(desk, observer, actor, name).await;
            pushed.map(|_| Notice::CronRun)
        }
        "pause" => {
            let paused = cron::switch(desk, observer, actor, name, true).await;
            paused.map(|()| Notice::CronPaused)
        }
        "resume" => {
            let resumed = cron::switch(desk, observer, actor, name, false).await;
            resumed.map(|()| Notice::CronResumed)
        }
        "delete" => {
            let deleted = cron::delete(desk, observer, actor, name).await;
            deleted.map(|()| Notice::CronDeleted)
        }
        other => Err(invalid("action", other)),
    }
}
