//! The rules of jobs, written as simply as possible: vectors, and no thought of speed.

mod batches;
mod jobs;
mod locks;
mod mutant;
mod rechecks;
mod state;
mod throttles;
mod tracks;
mod trash;
mod working;

pub use batches::{Batch, Callback};
pub use mutant::Mutant;
pub use state::*;
pub use throttles::{LIMITS, Limits, Rate, UNLIMITED, for_the_engine};
pub use trash::TRASH_SECS;
