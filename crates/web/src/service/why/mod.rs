//! Why a job does not run, or a queue does not get on: reasons as values, the one that counts most first.
//!
//! Reading order: `reason.rs` (what there is to say), `words.rs` (in English), `queue.rs` (what holds up a queue), `pauser.rs` (who paused it), `job.rs`
//! (a job, wherever it is).

mod job;
mod pauser;
mod queue;
mod reason;
mod span;
#[cfg(test)]
mod tests;
mod words;

pub(crate) use span::in_words;
pub(crate) use words::{jobs, moment, waiting};

pub(crate) use job::why_job;
pub(crate) use queue::why_queue;
pub(crate) use reason::{Parameter, Reason, Why};
