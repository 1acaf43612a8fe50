//! `/workers`, `/throttles` and `/locks`: what works on jobs, and what holds them back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use workmill_engine::query::JobState;

use super::Frame;
use super::job_rows::state_name;
use super::links::{job_path, jobs_of_worker, queue_path, search_path};
use super::listing::{ListParameters, Listing};
use crate::app::App;
use crate::desk::Action;
use crate::locale::Texts;
use crate::service::locks::{self, JobLock};
use crate::service::queues::{self, ThrottledQueue};
use crate::service::workers::{self, Worker};

/// A page that is one table.
macro_rules! table_page {
    ($name:ident, $path:literal, $row:ty) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            frame: &'a Frame,
            list: Listing<$row>,
        }
    };
}

table_page!(ThrottlesPage, "throttles.html", ThrottledQueue);
table_page!(LocksPage, "locks.html", JobLock);

#[derive(Template)]
#[template(path = "workers.html")]
struct WorkersPage<'a> {
    frame: &'a Frame,
    list: Listing<Worker>,
    /// Those that workers can be chosen by.
    labels: Vec<String>,
}

impl WorkersPage<'_> {
    fn may_signal(&self) -> bool {
        self.frame.may(Action::QuietWorkers) && self.frame.may(Action::TerminateWorkers)
    }
}

impl Worker {
    /// The color and the word of its state.
    fn state_of(&self, t: &Texts) -> (&'static str, &'static str) {
        match &*self.state {
            "running" => ("working", t.worker_running),
            "quiet" => ("retries", t.worker_quiet),
            _ => ("dead", t.worker_ending),
        }
    }

    /// The path of the jobs that it has.
    fn jobs_path(&self) -> String {
        search_path(&jobs_of_worker(&self.wid))
    }

    fn memory_bytes(&self) -> u64 {
        u64::try_from(self.rss_kb).unwrap_or(0).saturating_mul(1024)
    }
}

impl ThrottledQueue {
    fn path(&self) -> String {
        queue_path(&self.queue)
    }
}

impl JobLock {
    /// The color and the name of the state of its job, if that was found.
    fn job_state(&self, t: &Texts) -> Option<(&'static str, &'static str)> {
        let found = self.state?;
        let mut states = JobState::ALL.into_iter();
        let state = states.find(|state| state.as_str() == found)?;
        Some((found, state_name(state, t)))
    }

    fn job_path(&self) -> String {
        job_path(&self.jid)
    }
}

pub(crate) async fn workers(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = workers::list(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| WorkersPage {
        frame: &frame,
        list: Listing::of(&asked, page),
        labels: workers::labels(&*app.desk),
    }))
}

pub(crate) async fn throttles(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = queues::throttles(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| ThrottlesPage {
        frame: &frame,
        list: Listing::of(&asked, page),
    }))
}

pub(crate) async fn locks(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = locks::list(&*app.desk, &asked).await;
    frame.show(page.map(|page| LocksPage {
        frame: &frame,
        list: Listing::of(&asked, page),
    }))
}
