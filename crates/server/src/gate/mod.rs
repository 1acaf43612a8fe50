//! The way to the engine, for all who ask it something: connections, services, metrics.
//!
//! They know the [`Gateway`], which outlives terms, and not the [`Gate`] behind it: a committer's inbox, or the way to the server
//! that leads.
//!
//! Reading order: `submit` (how ops are handed over, and what comes back), `pending` (waiting for it), `gateway` (what
//! happens between terms).

mod gateway;
mod pending;
mod submit;

pub(crate) use gateway::Gateway;
pub(crate) use pending::{Pending, Unanswered};
pub(crate) use submit::{Answers, Delivery, Gate, GateClosed, Ops};
