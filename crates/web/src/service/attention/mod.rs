//! What needs somebody: computed, bounded and boring.
//!
//! Reading order: `concern.rs` (what there is to say), `words.rs` (in English) and `parameters.rs` (for programs), `judge.rs` (when it is said), `watch.rs`
//! (since when it is so), `mute.rs` (when nobody wants to hear it).

mod concern;
mod judge;
mod mute;
mod parameters;
mod runs;
mod stopped;
#[cfg(test)]
mod tests;
mod watch;
mod words;

pub(crate) use concern::{Concern, Severity};
pub(crate) use mute::{MuteRequest, Muted, WhichConcern, mute, unmute};
pub(crate) use watch::{Item, Watch};
