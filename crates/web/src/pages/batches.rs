//! `/batches`, and `/batches/{bid}`.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::Response;

use super::Frame;
use super::links::{batch_path, search_path};
use super::listing::{ListParameters, Listing, Pager};
use crate::app::App;
use crate::locale::Texts;
use crate::service::batch_tree::BatchBelow;
use crate::service::batches::{Batch, list, show};

#[derive(Template)]
#[template(path = "batches.html")]
struct BatchesPage<'a> {
    frame: &'a Frame,
    list: Listing<Batch>,
}

#[derive(Template)]
#[template(path = "batch.html")]
struct BatchPage<'a> {
    frame: &'a Frame,
    batch: Batch,
    parents: Vec<Batch>,
    children: Listing<BatchBelow>,
}

impl Batch {
    pub(super) fn path(&self) -> String {
        batch_path(&self.bid)
    }

    fn search_path(&self) -> String {
        search_path(&format!("batch:{}", self.bid))
    }

    /// Those that were executed at least once.
    fn through(&self) -> u64 {
        self.total.saturating_sub(self.pending)
    }
}

/// A batch on the level of the page: one of a list, or a parent.
fn flat(batches: &[Batch]) -> Vec<(u32, &Batch)> {
    batches.iter().map(|batch| (1, batch)).collect()
}

/// Batches on their levels.
fn nested(batches: &[BatchBelow]) -> Vec<(u32, &Batch)> {
    let batches = batches.iter();
    batches.map(|below| (below.depth, &below.batch)).collect()
}

/// What the state of a callback is called.
fn callback(state: &str, t: &Texts) -> &'static str {
    match state {
        "waiting" => t.callback_waiting,
        "enqueued" => t.callback_enqueued,
        "done" => t.callback_done,
        _ => t.callback_none,
    }
}

pub(crate) async fn batches(
    State(app): State<Arc<App>>,
    frame: Frame,
    at: Query<ListParameters>,
) -> Response {
    let asked = at.0.asked();
    let page = list(&*app.desk, &asked).await;
    frame.show(page.map(|page| BatchesPage {
        frame: &frame,
        list: Listing::of(&asked, page),
    }))
}

pub(crate) async fn batch(
    State(app): State<Arc<App>>,
    frame: Frame,
    Path(bid): Path<String>,
    at: Query<ListParameters>,
) -> Response {
    let cursor = at.0.cursor.as_deref();
    let family = show(&*app.desk, &bid, cursor).await;
    frame.show(family.map(|family| BatchPage {
        frame: &frame,
        batch: family.batch,
        parents: family.parents,
        children: Listing {
            rows: family.children,
            pager: Pager {
                is_first: cursor.is_none(),
                next: family.cursor,
            },
        },
    }))
}
