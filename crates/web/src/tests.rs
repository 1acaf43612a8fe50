//! The whole router, called without a socket.

mod guard;
mod history;
mod jobs;
mod pages;
mod probes;
mod visitor;

pub(crate) use visitor::Visitor;
