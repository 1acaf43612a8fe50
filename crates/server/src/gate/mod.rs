//! The way to the engine, for all who ask it something: connections, services, metrics.
//!
//! They know a [`Gate`] and not what is behind it: here, the committer's inbox.
//!
//! Reading order: `entry` (how ops are handed over, and what comes back), `pending` (waiting for it).

mod entry;
mod pending;

pub(crate) use entry::{Answers, Delivery, Gate, GateClosed, Ops};
pub(crate) use pending::{Pending, Unanswered};
