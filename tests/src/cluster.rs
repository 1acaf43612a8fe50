//! Servers that work as one: one that leads, and others that hand over to it what their clients ask.

use std::net::SocketAddr;

use crate::relay::Relay;
use crate::server::{Server, ServerBuilder};

/// What the servers of a cluster know.
const CLUSTER_SECRET: &str = "a secret of all servers of a test";

/// A leader, and the way to it, which can be broken.
#[derive(Debug)]
pub struct Cluster {
    /// The server that leads.
    pub leader: Server,
    /// Between it and all others.
    pub relay: Relay,
}

impl Cluster {
    /// Starts a leader.
    pub fn start() -> Self {
        Self::start_with(Server::builder())
    }

    /// Starts a leader that is to be like this.
    pub fn start_with(builder: ServerBuilder) -> Self {
        let leader = builder
            .config_file("60-cluster.toml", &door("127.0.0.1:0"))
            .start();
        let relay = Relay::start();
        relay.lead_to(Some(links_addr(&leader)));
        Self { leader, relay }
    }

    /// A server that hands over to the leader what its clients ask.
    pub fn follower(&self) -> ServerBuilder {
        follower_of(self.relay.addr())
    }

    /// Kills the leader and starts it again.
    pub fn crash_leader(&mut self) {
        self.relay.lead_to(None);
        self.leader.kill9();
        self.relay.cut();
        self.leader.start_again();
        self.relay.lead_to(Some(links_addr(&self.leader)));
    }
}

/// The configuration of a server that takes links in at an address.
fn door(addr: &str) -> String {
    format!("[cluster]\nbinding = \"{addr}\"\nsecret = \"{CLUSTER_SECRET}\"\n")
}

/// A server that hands over what its clients ask to the one that takes links in at an address.
pub fn follower_of(addr: SocketAddr) -> ServerBuilder {
    let config = format!("[cluster]\nleader = \"{addr}\"\nsecret = \"{CLUSTER_SECRET}\"\n");
    Server::builder().config_file("60-cluster.toml", &config)
}

/// Where a leader takes links in.
pub fn links_addr(leader: &Server) -> SocketAddr {
    let line = leader.wait_for_log("takes in links of other servers at ");
    let (_, addr) = line.rsplit_once(' ').unwrap_or_default();
    addr.parse()
        .unwrap_or_else(|error| panic!("no address in the log line {line:?}: {error}"))
}
