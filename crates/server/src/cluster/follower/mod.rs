//! A server that has no store: it hands over to another one what its clients ask.
//!
//! Reading order: `forwarding` (the gate, from ops to frames and back), `uplink` (the link to the one that leads, made again
//! whenever it breaks), `following` (how it starts and stops).

mod following;
mod forwarding;
mod questions;
mod state;
mod uplink;

pub(crate) use following::Following;
pub(crate) use forwarding::Forwarding;
