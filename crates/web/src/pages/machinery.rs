//! `/workers`, `/cron`, `/throttles` and `/locks`: what works on jobs, and what holds them back.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;

use super::Frame;
use super::act_jobs::quoted;
use super::job_rows::job_path;
use super::sets::ListParameters;
use crate::app::App;
use crate::desk::Action;
use crate::locale::Texts;
use crate::service::cron::{self, CronEntry};
use crate::service::locks::{self, JobLock};
use crate::service::queues::{self, ThrottledQueue};
use crate::service::workers::{self, Worker};
use crate::service::{Page, PageRequest, Problem};

/// A page that is one table.
macro_rules! table_page {
    ($name:ident, $path:literal, $row:ty) => {
        #[derive(Template)]
        #[template(path = $path)]
        struct $name<'a> {
            frame: &'a Frame,
            rows: Vec<$row>,
            is_first: bool,
            next: Option<String>,
        }

        impl<'a> $name<'a> {
            fn of(frame: &'a Frame, asked: &PageRequest, page: Page<$row>) -> Self {
                Self {
                    frame,
                    rows: page.items,
                    is_first: asked.cursor.is_none(),
                    next: page.cursor,
                }
            }
        }
    };
}

table_page!(WorkersPage, "workers.html", Worker);
table_page!(CronPage, "cron.html", CronEntry);
table_page!(ThrottlesPage, "throttles.html", ThrottledQueue);
table_page!(LocksPage, "locks.html", JobLock);

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

    /// What finds the jobs that it has.
    fn search(&self) -> String {
        format!("state:working worker:{}", quoted(&self.wid))
    }

    fn memory_bytes(&self) -> u64 {
        u64::try_from(self.rss_kb).unwrap_or(0).saturating_mul(1024)
    }
}

impl JobLock {
    fn job_path(&self) -> String {
        job_path(&self.jid)
    }
}

impl CronEntry {
    fn next(&self) -> Option<workmill_proto::Timestamp> {
        self.next.first().copied()
    }
}

/// What is asked for: a hundred rows from a cursor on.
fn asked(at: ListParameters) -> PageRequest {
    PageRequest {
        cursor: at.cursor,
        limit: None,
    }
}

pub(crate) async fn workers(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = asked(at.0);
    let page = workers::list(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| WorkersPage::of(&frame, &asked, page)))
}

pub(crate) async fn cron(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = asked(at.0);
    let page = cron::list(&*app.desk, &asked).await;
    frame.show(page.map(|page| CronPage::of(&frame, &asked, page)))
}

pub(crate) async fn throttles(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = asked(at.0);
    let page = queues::throttles(&*app.desk, &app.observer, &asked).await;
    frame.show(page.map(|page| ThrottlesPage::of(&frame, &asked, page)))
}

pub(crate) async fn locks(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = asked(at.0);
    let page: Result<_, Problem> = locks::list(&*app.desk, &asked).await;
    frame.show(page.map(|page| LocksPage::of(&frame, &asked, page)))
}
