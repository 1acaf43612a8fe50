//! What can be done and seen by the web port: one function for each, for pages and API alike.

pub mod jobs;
mod problem;
pub mod search;

pub use problem::{Problem, ProblemKind, Span};
