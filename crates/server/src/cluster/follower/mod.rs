//! A server that hands over what its clients ask: to another one, or to the term that is here for now.
//!
//! Reading order: `forwarding` (the gate, from ops to frames and back), `route` (where the one is that leads), `uplink` (the link
//! to it, made again whenever it breaks), `following` (how it starts and stops).

mod following;
mod forwarding;
mod questions;
mod route;
mod state;
mod uplink;

pub(crate) use following::Following;
pub(crate) use forwarding::Forwarding;
pub(crate) use route::{Leader, News, Route};
