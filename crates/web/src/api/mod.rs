//! The HTTP API, `/api/v1`: what `service/` gives, as JSON, and problems (RFC 9457) instead of pages.
//!
//! `openapi.rs` has a line for each route, and makes the document of them. A file for each area has the routes themselves.

#![expect(
    unused_qualifications,
    reason = "the attributes that describe routes make them"
)]

mod asked;
mod attention;
mod audit;
mod cron;
mod events;
mod failures;
mod features;
mod history;
mod job;
mod jobs;
mod marks;
mod openapi;
mod operations;
mod problem;
mod queues;
mod server;
mod trash;
mod why;
mod workers;

pub(crate) use openapi::routes;
#[cfg(test)]
pub(crate) use openapi::text as openapi_text;
pub(crate) use problem::document as problem_document;
