//! The Faktory Work Protocol: what passes between clients and the server, as bytes and as types.
//!
//! Nothing here does I/O, reads a clock or knows how jobs are kept.
//!
//! # Layout
//!
//! The way of a command through this crate, and then of its answer:
//!
//! - [`LineReader`] cuts bytes into lines.
//! - [`greeting`], [`Challenge`] and [`Hello`] are what is said before the first command.
//! - [`parse_command`] looks a line's verb up in [`TABLE`] and makes a [`Command`] of it.
//! - [`Job`] is the payload as clients see it; [`Failure`] what it says about its last failure.
//! - [`CustomRules`] is what its `custom` asks of the server, [`BackOff`] how long it wants to wait after a failure,
//!   [`Job::unique_key`] what makes it like another job.
//! - [`Bid`] is the id of a batch.
//! - [`Glob`] is the pattern a `MUTATE` may choose jobs by, [`compact_json`] the text it is held against.
//! - [`Reply`] and [`write_job`] write answers; [`WireError`] is the one that says what went wrong.
//! - [`GoDuration`] is a duration as clients and configurations write it.
//! - [`limits`] names how large anything may be.

mod bid;
mod command;
mod duration;
mod error;
mod frame;
mod glob;
mod hello;
mod job;
mod json;
pub mod limits;
mod reply;
mod set;
mod time;
mod utf8;

pub use bid::Bid;
pub use command::{
    BatchCommand, Beat, Command, CommandSpec, FailReport, Mutation, MutationFilter, MutationVerb,
    NewBatch, QueueCommand, QueueSelection, RefusedJob, TABLE, TrackCommand, TrackUpdate,
    check_queue_name, parse_command, queue_name_flaw,
};
pub use duration::{DurationError, GoDuration};
pub use error::{ErrorCode, WireError};
pub use frame::{LineReader, LineTooLong};
pub use glob::Glob;
pub use hello::{Challenge, Hello, greeting};
pub use job::{
    BackOff, BackOffFormula, BackOffKind, CustomReading, CustomRules, Expiry, Failure, Job,
    Rendered, UniqueRule,
};
pub use json::{JsonShape, compact_json};
pub use reply::{Reply, write_job};
pub use set::SetName;
pub use time::{SteadyTime, Timestamp};
