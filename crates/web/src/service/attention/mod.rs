//! What needs somebody: computed, bounded and boring.
//!
//! Reading order: `concern.rs` (what there is to say), `words.rs` (in English), `judge.rs` (when it is said), `watch.rs`
//! (since when it is so).

mod concern;
mod judge;
mod stopped;
#[cfg(test)]
mod tests;
mod watch;
mod words;

pub(crate) use concern::{Concern, Severity};
pub(crate) use watch::{Item, Watch};
