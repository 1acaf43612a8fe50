//! A page as an answer, and the page that says why there is none.

use askama::Template;
use axum::http::StatusCode;
use axum::http::header::{CONTENT_LANGUAGE, HeaderValue, SET_COOKIE};
use axum::response::{Html, IntoResponse as _, Response};

use super::Frame;
use crate::service::{Problem, ProblemKind};

/// Why there is no page.
#[derive(Template)]
#[template(path = "problem.html")]
struct ProblemPage<'a> {
    frame: &'a Frame,
    title: &'static str,
    detail: &'a str,
}

impl Frame {
    /// The page, or the one that says why there is none.
    pub(super) fn show(&self, made: Result<impl Template, Problem>) -> Response {
        match made {
            Ok(page) => self.render(StatusCode::OK, &page),
            Err(problem) => self.show_problem(&problem),
        }
    }

    /// The page that says what is wrong.
    pub(super) fn show_problem(&self, problem: &Problem) -> Response {
        let t = self.t;
        let title = match problem.kind {
            ProblemKind::Invalid => t.problem_invalid,
            ProblemKind::Forbidden => t.problem_forbidden,
            ProblemKind::NotFound => t.problem_not_found,
            ProblemKind::Conflict => t.problem_conflict,
            ProblemKind::Unavailable => t.problem_unavailable,
        };
        let page = ProblemPage {
            frame: self,
            title,
            detail: &problem.detail,
        };
        self.render(problem.status(), &page)
    }

    pub(super) fn render(&self, status: StatusCode, page: &impl Template) -> Response {
        let mut response = match page.render() {
            Ok(text) => (status, Html(text)).into_response(),
            Err(error) => {
                let error: &dyn std::error::Error = &error;
                tracing::warn!(error, "a page could not be written");
                let text = "the page could not be written; the log of the server says why\n";
                (StatusCode::INTERNAL_SERVER_ERROR, text).into_response()
            }
        };
        let headers = response.headers_mut();
        let tag = HeaderValue::from_static(self.language.tag());
        headers.insert(CONTENT_LANGUAGE, tag);
        for cookie in &self.kept {
            headers.append(SET_COOKIE, cookie.clone());
        }
        response
    }
}

/// Any path that leads nowhere.
pub(crate) async fn nothing_here(frame: Frame) -> Response {
    let problem = Problem::new(ProblemKind::NotFound, frame.t.no_such_page);
    frame.show_problem(&problem)
}
