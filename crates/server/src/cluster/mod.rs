//! Several servers that work as one: what passes between them, over sockets.
//!
//! What they say, and what is kept of it so that each op is run and answered once, is `workmill-cluster`'s. Here are the
//! sockets, and the way from sessions to the link and from links to the committer.
//!
//! Reading order: `channel` (frames over a socket), `admission` (who may speak), `follower` (a server that hands over what
//! its clients ask), `leader` (the one that runs it).

mod admission;
mod any_certificate;
mod channel;
mod follower;
mod leader;

pub(crate) use follower::{Following, Forwarding, Leader, News, Route};
pub(crate) use leader::{Hall, Heard, HeardSoFar, LinkListener, Links};
