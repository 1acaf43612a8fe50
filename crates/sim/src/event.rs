//! What can happen next.

use workmill_cluster::{Epoch, FromLeader, LinkId, OpNumber, ToLeader};
use workmill_engine::Outcome;

use crate::net::End;
use crate::server::Place;

/// Something that happens at a moment.
#[derive(Debug)]
pub(crate) enum Event {
    /// A client does the next thing.
    Client(usize),
    /// A client is answered, by the server that it is connected to.
    Reply(Reply),
    /// A client notices that its server is gone.
    Hangup { client: usize, connection: u64 },
    /// A client leaves, whatever it waits for.
    Leave { client: usize, connection: u64 },
    /// A frame arrives at the leader's end of a link.
    Ask(LinkId, ToLeader),
    /// A frame arrives at the server's end of a link.
    Tell(LinkId, FromLeader),
    /// An end learns that the link is closed.
    Closed(LinkId, End),
    /// A server finds out that nobody listens where it wants to connect to.
    Refused(Place, Epoch),
    /// A server looks after itself: who leads, whether its links are alive.
    Watch(Place),
    /// A leader runs a group.
    Group(Place, Epoch),
    /// What a leader has committed up to its so many-th group is durable.
    Synced(Place, Epoch, u64),
    /// A leader does what time demands.
    Duties(Place, Epoch),
    /// Something goes wrong.
    Fault,
    /// A server starts.
    Start(usize),
    /// The database starts.
    DatabaseStarts,
}

/// The answer to an op, on its way from a server to the client.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) place: Place,
    pub(crate) client: usize,
    pub(crate) connection: u64,
    pub(crate) number: OpNumber,
    pub(crate) outcome: Outcome,
}
