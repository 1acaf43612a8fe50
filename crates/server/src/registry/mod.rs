//! The workers: who is there, in which state, and when each was last seen.
//!
//! Only in memory: a worker registers again with its next HELLO.

mod elsewhere;
mod worker;
mod workers;

pub(crate) use elsewhere::Elsewhere;
pub(crate) use worker::WorkerState;
pub(crate) use workers::{Registry, WorkerConnection, WorkerCounts};

#[cfg(test)]
mod tests;
