//! The workers: who is there, in which state, and when each was last seen.
//!
//! Only in memory: a worker registers again with its next HELLO.

mod worker;
mod worker_connection;
mod workers;

pub(crate) use worker::WorkerState;
pub(crate) use worker_connection::WorkerConnection;
pub(crate) use workers::{Registry, WorkerCounts};

#[cfg(test)]
mod tests;
