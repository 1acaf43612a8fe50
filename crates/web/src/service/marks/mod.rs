//! Marks: moments at which something began, such as a deploy.
//!
//! They are entries of the audit log, so they are kept as long and as many. Whoever deletes one takes it back by another entry.

mod act;
mod begun;
mod list;
mod mark;

pub use act::MarkRequest;
pub(crate) use act::{add, remove};
pub(crate) use begun::Begun;
pub(crate) use list::list;
pub use mark::Mark;
