//! The workers: who is there, in which state, and when each was last heard.
//!
//! Only in memory: a worker registers again with its next HELLO.

mod membership;
mod worker;
mod workers;

pub(crate) use membership::Membership;
pub(crate) use worker::WorkerState;
pub(crate) use workers::{Registry, WorkerCounts};

#[cfg(test)]
mod tests;
