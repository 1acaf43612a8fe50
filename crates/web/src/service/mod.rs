//! What can be done and seen by the web port: one function for each, for pages and API alike.
//!
//! What is shown are values of their own, which go out as JSON as they are. To do something takes the actor, whose role is
//! checked ([`Permit`](crate::Permit)).

pub(crate) mod attention;
pub mod audit;
pub mod batch_tree;
pub mod batches;
pub mod cron;
pub(crate) mod events;
pub mod failures;
pub(crate) mod hex;
pub mod history;
pub mod jobs;
pub mod locks;
pub mod marks;
mod moment;
mod news;
pub mod operations;
mod outcome;
mod page;
mod problem;
pub mod queues;
pub mod search;
pub mod server;
pub mod trash;
pub(crate) mod why;
pub mod workers;

pub use page::{LIMIT_DEFAULT, LIMIT_MAX, Page, PageRequest};
pub use problem::{Problem, ProblemKind, Span};
