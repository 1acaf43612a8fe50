//! The whole router, called without a socket.

mod guard;
mod pages;
mod visitor;

pub(crate) use visitor::Visitor;
