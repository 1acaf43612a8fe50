//! The rules of jobs, as plain synchronous code.
//!
//! [`Engine::run_group`] sees a transaction, the time and a group of ops, and nothing else: no clock, no
//! randomness of its own, no sockets, no tokio. So everything it does can be replayed from a seed.

mod op;
mod outcome;

pub use op::{
    Ack, BulkItem, BulkPush, Duty, Fail, Fetch, Mutate, MutateProgress, NewJob, Op, Request, Ticket,
};
pub use outcome::{Answer, FetchedJob, GroupResult, Outcome};
