//! Groups of failures: jobs that wait for another try, or are dead, and failed in the same way.

mod codec;
mod group;
mod hours;
mod id;
#[cfg(test)]
mod tests;
mod ungrouped;

pub use group::FailureGroup;
pub use hours::{FAILURE_HOURS, FailureHours};
pub use id::FailureId;
pub use ungrouped::Ungrouped;
