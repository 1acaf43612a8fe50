//! The sockets on which the server listens.

use std::net::SocketAddr;
use std::time::Duration;

use anyhow::anyhow;
use rustix::net::sockopt;
use tokio::net::{TcpListener, TcpSocket};

use crate::settings::Binding;

/// How many connections may wait to be taken in: as many as the system allows by default.
const BACKLOG: u32 = 4_096;

/// After how long a silent peer is asked by the system whether it is still there, and how often and how many
/// times again: one whose machine lost its power would hold its connection for ever.
const KEEPALIVE_AFTER: Duration = Duration::from_secs(60);
const KEEPALIVE_EVERY: Duration = Duration::from_secs(15);
const KEEPALIVE_PROBES: u32 = 4;

/// Listens on the first address of a binding on which that is possible.
pub(crate) fn bind(binding: &Binding) -> anyhow::Result<TcpListener> {
    let mut refusal = anyhow!("the name has no address");
    for addr in binding.addresses()? {
        match bind_one(addr) {
            Ok(listener) => return Ok(listener),
            Err(error) => refusal = anyhow!(error).context(format!("cannot bind {addr}")),
        }
    }
    Err(refusal)
}

fn bind_one(addr: SocketAddr) -> std::io::Result<TcpListener> {
    let socket = if addr.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    // A restart must not wait for the connections of the server before it to be forgotten.
    socket.set_reuseaddr(true)?;
    // The sockets of connections inherit these.
    socket.set_keepalive(true)?;
    sockopt::set_tcp_keepidle(&socket, KEEPALIVE_AFTER)?;
    sockopt::set_tcp_keepintvl(&socket, KEEPALIVE_EVERY)?;
    sockopt::set_tcp_keepcnt(&socket, KEEPALIVE_PROBES)?;
    socket.bind(addr)?;
    socket.listen(BACKLOG)
}
