//! The byte form of what servers say to each other.
//!
//! Each frame is a postcard value of types that are declared here and used nowhere else (but for that of errors, which is stored
//! too), so that nothing changes what passes between two versions by accident: a change of these types is a change of
//! [`VERSION`]. What is large and what is small has bounds of its own before it comes here; a frame as a whole is bounded by
//! whoever reads it.

mod batch;
mod error;
mod frame;
mod job;
mod mutation;
mod op;
mod outcome;
#[cfg(test)]
mod tests;

pub(crate) use error::{ErrorForm, refusals, refusals_form};
pub use frame::{
    Unreadable, VERSION, read_from_leader, read_to_leader, write_from_leader, write_to_leader,
};
pub use op::Unsendable;
