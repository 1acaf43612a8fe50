//! `/search`: the jobs that match a query.

use std::sync::Arc;

use askama::Template;
use axum::extract::{Query, State};
use axum::response::Response;
use serde::Deserialize;
use workmill_engine::query::JobState;

use super::Frame;
use super::actions::{JobAction, bulk_actions};
use super::bulk::Bulk;
use super::job_rows::JobRow;
use super::job_table::{JobTable, page_from};
use super::listing::{Listing, Pager};
use crate::app::App;
use crate::locale::Markup;
use crate::service::jobs::list;
use crate::service::{Problem, ProblemKind, Span};

/// What is searched for.
#[derive(Debug, Default, Deserialize)]
pub(crate) struct SearchParameters {
    #[serde(default)]
    query: String,
    cursor: Option<String>,
}

#[derive(Template)]
#[template(path = "search.html")]
struct SearchPage<'a> {
    frame: &'a Frame,
    query: String,
    /// What is wrong with the query, and where.
    wrong: Option<(Markup, String)>,
    /// What may be done to those that are selected.
    actions: Vec<JobAction>,
    /// What may be done to all that match.
    bulk: Bulk,
    table: JobTable,
    looked_at: u64,
    of: u64,
    /// Jobs that could not be judged: too large, or unreadable.
    unknown: u64,
}

impl SearchPage<'_> {
    fn examples(&self) -> [(&'static str, &'static str); 4] {
        let t = self.frame.t;
        [
            ("timeout \"order 12345\"", t.search_example_words),
            (
                "state:(retries OR dead) failed:-1h",
                t.search_example_failed,
            ),
            ("arg.0.customer:c_88213", t.search_example_path),
            ("state:working started:<-1h", t.search_example_slow),
        ]
    }
}

pub(crate) async fn search(
    State(app): State<Arc<App>>,
    frame: Frame,
    asked: Query<SearchParameters>,
) -> Response {
    frame.show(make(&app, &frame, asked.0).await)
}

async fn make<'a>(
    app: &App,
    frame: &'a Frame,
    asked: SearchParameters,
) -> Result<SearchPage<'a>, Problem> {
    let query = asked.query.trim().to_owned();
    let asked = page_from(asked.cursor);
    let mut page = SearchPage {
        frame,
        bulk: Bulk::of_query(frame, &query),
        query,
        wrong: None,
        actions: bulk_actions(frame, &JobState::ALL),
        table: JobTable {
            state: None,
            list: Listing {
                rows: Vec::new(),
                pager: Pager {
                    is_first: asked.cursor.is_none(),
                    next: None,
                },
            },
        },
        looked_at: 0,
        of: 0,
        unknown: 0,
    };
    if page.query.is_empty() {
        return Ok(page);
    }
    match list(&*app.desk, &page.query, &asked).await {
        Ok(list) => {
            page.table.list.rows = list.jobs.into_iter().map(JobRow::from).collect();
            page.table.list.pager.next = list.found.cursor;
            page.looked_at = list.found.looked_at;
            page.of = list.found.of;
            page.unknown = list.found.unknown;
        }
        Err(problem) => page.wrong = Some(wrong_query(&page.query, problem)?),
    }
    Ok(page)
}

/// What is wrong with a query, and the query with a mark where.
///
/// # Errors
/// Something else is wrong.
pub(super) fn wrong_query(query: &str, problem: Problem) -> Result<(Markup, String), Problem> {
    match problem {
        Problem {
            kind: ProblemKind::Invalid,
            detail,
            span: Some(span),
            ..
        } => Ok((marked(query, span), detail)),
        problem => Err(problem),
    }
}

/// A query with a mark at a place in it.
fn marked(query: &str, span: Span) -> Markup {
    let mut html = Markup::default();
    let end = span.at.saturating_add(span.length);
    let parts = (
        query.get(..span.at),
        query.get(span.at..end),
        query.get(end..),
    );
    let (Some(before), Some(wrong), Some(after)) = parts else {
        html.text(query);
        return html;
    };
    html.text(before).raw("<mark>");
    html.text(match wrong {
        // Something is missing: the place is seen all the same.
        "" => "\u{a0}",
        wrong => wrong,
    });
    html.raw("</mark>").text(after);
    html
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_place_of_an_error_is_marked_and_the_query_escaped() {
        let marked = |query, at, length| marked(query, Span { at, length }).as_str().to_owned();
        assert_eq!(marked("a<b x", 4, 1), "a&lt;b <mark>x</mark>");
        assert_eq!(marked("a OR", 4, 0), "a OR<mark>\u{a0}</mark>");
        assert_eq!(marked("\u{fc}", 1, 9), "\u{fc}");
    }
}
