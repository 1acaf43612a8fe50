//! Commands: the verb, one file for each, and the table of them all.

mod ack;
mod batch;
mod beat;
mod end;
mod fail;
mod fetch;
mod flush;
mod info;
mod mutate;
mod push;
mod pushb;
mod queue;
mod queue_name;
mod requeue;
mod table;
mod track;

pub(crate) use batch::bounded_bid;
pub use batch::{BatchCommand, NewBatch};
pub use beat::Beat;
pub use fail::FailReport;
pub use mutate::{Mutation, MutationFilter, MutationVerb};
pub use pushb::RefusedJob;
pub use queue::{QueueCommand, QueueSelection};
pub use queue_name::{check_queue_name, queue_name_flaw};
pub use table::{Command, CommandSpec, TABLE, parse_command};
pub use track::{TrackCommand, TrackUpdate};
