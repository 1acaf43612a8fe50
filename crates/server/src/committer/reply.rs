//! What a group has to say, once it is durable.

use std::sync::Arc;

use workmill_cluster::{FromLeader, LinkId};

use super::waiters::Completed;
use crate::cluster::Links;
use crate::gate::Gate;

/// An answer on its way.
#[derive(Debug)]
pub(super) enum Reply {
    /// To a client of this server.
    Client(Completed),
    /// To another server.
    Server(LinkId, FromLeader),
}

/// The ways out of the committer.
#[derive(Clone, Debug)]
pub(super) struct Exits {
    /// Where jobs go back to that are not delivered.
    pub(super) gate: Arc<dyn Gate>,
    pub(super) links: Arc<Links>,
}

impl Reply {
    /// Sends it.
    pub(super) fn send(self, exits: &Exits) {
        match self {
            Self::Client(completed) => completed.send(&exits.gate),
            Self::Server(link, frame) => exits.links.say(link, frame),
        }
    }
}
