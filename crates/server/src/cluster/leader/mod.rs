//! The server that runs what others hand over to it.
//!
//! Reading order: `door` (links come in), `hall` (what they lead to), `open` (one of them), `links` (what is to be said on them),
//! `heard` (what they bring to the committer).

mod door;
mod hall;
mod heard;
mod links;
mod open;

pub(crate) use door::LinkListener;
pub(crate) use hall::Hall;
pub(crate) use heard::{Heard, HeardSoFar};
pub(crate) use links::Links;
pub(super) use open::Open;
