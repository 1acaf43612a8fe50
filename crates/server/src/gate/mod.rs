//! The way to the engine, for all who ask it something: connections, services, metrics.
//!
//! They know the [`Gateway`], which outlives terms, and not the [`Gate`] behind it: here, a committer's inbox.
//!
//! Reading order: `entry` (how ops are handed over, and what comes back), `pending` (waiting for it), `gateway` (what
//! happens between terms).

mod entry;
mod gateway;
mod pending;

pub(crate) use entry::{Answers, Delivery, Gate, GateClosed, Ops};
pub(crate) use gateway::Gateway;
pub(crate) use pending::{Pending, Unanswered};
