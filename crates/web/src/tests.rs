//! The whole router, called without a socket.

mod actions;
mod again;
mod audit;
mod batches;
mod bounds;
mod cron;
mod editing;
mod events;
mod failures;
mod guard;
mod history;
mod jobs;
mod marks;
mod openapi;
mod pages;
mod probes;
mod redaction;
mod timeline;
mod undo;
mod unserved;
mod views;
mod visitor;

pub(crate) use visitor::Visitor;

/// What others may write.
const HOSTILE: &str = "<b>'\"x";
