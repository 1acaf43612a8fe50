//! The server that runs what others hand over to it.
//!
//! Reading order: `door` (links come in), `open` (one of them), `links` (what is to be said on them), `heard` (what they bring to
//! the committer).

mod door;
mod heard;
mod links;
mod open;

pub(crate) use door::LinkListener;
pub(crate) use heard::{Heard, HeardSoFar};
pub(crate) use links::Links;
