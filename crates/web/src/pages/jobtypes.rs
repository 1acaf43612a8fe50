//! `/jobtypes`: what each type of job costs.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;

use super::Frame;
use super::chart::{Bar, bars};
use super::links::{quoted, search_path};
use super::listing::Listing;
use super::ranges::{self, RangeLink};
use crate::app::App;
use crate::locale::Markup;
use crate::service::history::{Jobtype, Times, TypesRange, jobtypes as list};
use crate::service::{LIMIT_MAX, PageRequest};

/// Shares of executions that took no longer, and the classes of their columns.
const SHARES: [(&str, &str); 3] = [("p50", "hide-m"), ("p95", ""), ("p99", "hide-m")];

#[derive(Debug, Default, Deserialize)]
pub(crate) struct Parameters {
    range: Option<String>,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "jobtypes.html")]
struct JobtypesPage<'a> {
    frame: &'a Frame,
    ranges: Vec<RangeLink>,
    list: Listing<Jobtype>,
}

impl Jobtype {
    /// How many executions ended.
    fn ran(&self, frame: &Frame) -> String {
        frame.number(&self.executions())
    }

    fn executions(&self) -> u64 {
        self.succeeded.saturating_add(self.failed)
    }

    /// How many of a hundred executions failed; none if there were none.
    fn failed_percent(&self) -> Option<f64> {
        let ran = self.executions();
        (ran > 0).then(|| self.failed as f64 * 100.0 / ran as f64)
    }

    /// How long executions took: a column for each length, from a millisecond to an hour; none if there were none.
    fn run_shape(&self, frame: &Frame) -> Option<Markup> {
        let most = self
            .run
            .shape
            .iter()
            .max()
            .copied()
            .filter(|most| *most > 0)?;
        let columns = self.run.shape.iter().map(|count| Bar {
            state: match count {
                0 => "",
                _ => "working",
            },
            share: *count as f64 / most as f64,
        });
        Some(bars(
            frame.t.jobtype_run_times,
            &columns.collect::<Vec<_>>(),
        ))
    }

    /// The path of its jobs, wherever they are.
    fn path(&self) -> Option<String> {
        let name = self.jobtype.as_deref()?;
        Some(search_path(&format!("type:{}", quoted(name))))
    }
}

impl Times {
    /// What is shown of them, and where there is room for it.
    fn shares(&self) -> [(Option<f64>, &'static str); 3] {
        let [half, most, nearly_all] = SHARES.map(|(_, class)| class);
        [(self.p50, half), (self.p95, most), (self.p99, nearly_all)]
    }
}

pub(crate) async fn jobtypes(
    State(app): State<Arc<App>>,
    frame: Frame,
    asked: Query<Parameters>,
) -> Response {
    let range = asked.range.as_deref().and_then(TypesRange::of_name);
    let range = range.unwrap_or_default();
    let asked = PageRequest {
        cursor: asked.0.cursor,
        limit: Some(LIMIT_MAX),
    };
    let page = list(&*app.desk, range, &asked).await.map(|mut page| {
        // Who takes the most time comes first.
        page.items
            .sort_by(|one, other| other.run.sum.total_cmp(&one.run.sum));
        page
    });
    frame.show(page.map(|page| JobtypesPage {
        frame: &frame,
        ranges: ranges::links(
            &frame,
            TypesRange::ALL.map(|range| (range.name(), range.length())),
            range.name(),
        ),
        list: Listing::of(&asked, page),
    }))
}
