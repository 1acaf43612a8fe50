//! Forms: the fields that come, and the redirect that each one ends with, to a page that says what was done.

use axum::http::StatusCode;
use axum::http::header::{HeaderValue, LOCATION, SET_COOKIE};
use axum::response::{IntoResponse as _, Response};
use serde::Deserialize;

use super::Frame;
use super::notice::Notice;
use crate::service::{Problem, ProblemKind};

/// The fields of a form, in order; a name can be there again.
#[derive(Debug, Deserialize)]
#[serde(transparent)]
pub(crate) struct Fields(Vec<(String, String)>);

impl Fields {
    /// The values of all fields of a name.
    pub(super) fn all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let of_name = self.0.iter().filter(move |(key, _)| key == name);
        of_name.map(|(_, value)| value.as_str())
    }

    /// The value of the first one.
    pub(super) fn first(&self, name: &str) -> Option<&str> {
        self.0
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }
}

impl Frame {
    /// Leads to a page, which tells what was done; or says why it was not.
    pub(super) fn done(&self, path: &str, done: Result<Notice, Problem>) -> Response {
        let notice = match done {
            Ok(notice) => notice,
            Err(problem) => return self.show_problem(&problem),
        };
        let mut response = self.leads_to(path);
        if let Some(cookie) = notice.kept(self.prefix()) {
            response.headers_mut().append(SET_COOKIE, cookie);
        }
        response
    }

    /// Leads to a page, which tells by itself what was done.
    pub(super) fn leads_to(&self, path: &str) -> Response {
        let mut response = StatusCode::FOUND.into_response();
        if let Ok(target) = HeaderValue::from_str(&self.link(path)) {
            response.headers_mut().insert(LOCATION, target);
        }
        response
    }
}

/// A field says what no form says.
pub(super) fn invalid(name: &str, value: &str) -> Problem {
    Problem::new(ProblemKind::Invalid, format!("invalid {name}: {value}"))
}
