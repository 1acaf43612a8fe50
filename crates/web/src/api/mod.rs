//! The HTTP API, `/api/v1`: what `service/` gives, as JSON, and problems (RFC 9457) instead of pages.

pub(crate) mod attention;
mod history;
mod job;
mod jobs;
mod problem;
pub(crate) mod why;

pub(crate) use history::{list_jobtypes, show_history};
pub(crate) use jobs::{list_jobs, show_job};
pub(crate) use problem::document as problem_document;
