//! The way to the agent: a socket that is made again when the agent may have moved, and that nobody waits for for long.

use std::io::{self, ErrorKind};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr};
use std::time::{Duration, Instant};

use tokio::net::{UdpSocket, UnixDatagram, lookup_host};
use tokio::time::timeout;

use super::datagrams::Datagrams;
use crate::agent::AgentAddress;
use crate::log_limit::LogLimit;

/// How old a socket gets: an agent can move to another IP address without a sign.
const RENEW_EVERY: Duration = Duration::from_secs(30);

/// How often a socket is made again at most while the agent is away.
const RETRY_EVERY: Duration = Duration::from_secs(1);

/// How long looking up the agent's name may take.
const RESOLVE_WITHIN: Duration = Duration::from_secs(2);

/// How long an agent that reads slowly is waited for, on a unix socket. UDP does not wait.
const SEND_WITHIN: Duration = Duration::from_millis(100);

/// How often it is said that the agent is away.
const WARN_EVERY: Duration = Duration::from_secs(60);

/// The way to one agent. Sending never fails: what cannot be sent is lost, and told of now and then.
#[derive(Debug)]
pub(super) struct Link {
    address: AgentAddress,
    /// Or why there is none.
    socket: Result<Socket, String>,
    /// When it was last tried to make the socket.
    tried_at: Option<Instant>,
    /// What went wrong since the last report.
    fault: Option<String>,
    /// A datagram has left this socket of which nothing has been heard since.
    outstanding: bool,
    /// Lines lost since the last warning.
    lost: u64,
    warnings: LogLimit,
    /// Whether the last thing said is that the agent is away.
    warned: bool,
}

#[derive(Debug)]
enum Socket {
    Udp(UdpSocket),
    Unix(UnixDatagram),
}

impl Link {
    pub(super) fn new(address: AgentAddress) -> Self {
        Self {
            address,
            socket: Err(String::new()),
            tried_at: None,
            fault: None,
            outstanding: false,
            lost: 0,
            warnings: LogLimit::every(WARN_EVERY),
            warned: false,
        }
    }

    /// Sends datagrams. `lost` lines before them were lost already, for lack of room.
    pub(super) async fn send(&mut self, datagrams: Datagrams, lost: u64) {
        self.lost += lost;
        if lost > 0 {
            self.fault = Some(String::from("more happens than can be sent"));
        }
        let earlier_arrived = self.earlier_arrived();
        let mut delivering = true;
        for datagram in datagrams.into_iter() {
            // After one that could not be sent the next ones would only cost time.
            delivering = delivering && self.deliver(datagram.text.as_bytes()).await;
            self.outstanding = delivering;
            if !delivering {
                self.lost += datagram.lines;
            }
        }
        self.report(earlier_arrived);
    }

    /// Whether datagrams of an earlier time seem to have arrived. The system tells some time after a datagram has left by
    /// UDP that nobody listens; that it has taken one says nothing.
    fn earlier_arrived(&mut self) -> bool {
        if !std::mem::take(&mut self.outstanding) {
            return false;
        }
        let told = match &self.socket {
            Ok(Socket::Udp(socket)) => socket.take_error(),
            Ok(Socket::Unix(_)) | Err(_) => Ok(None),
        };
        match told {
            Ok(None) => true,
            Ok(Some(error)) | Err(error) => {
                self.fault = Some(error.to_string());
                false
            }
        }
    }

    /// Tells whether the system has taken it.
    async fn deliver(&mut self, datagram: &[u8]) -> bool {
        self.renew(RENEW_EVERY).await;
        for _ in 0..2 {
            let Err(error) = self.try_send(datagram).await else {
                return true;
            };
            self.fault = Some(error.to_string());
            if error.kind() == ErrorKind::TimedOut {
                return false;
            }
            // The system tells of an earlier datagram (UDP), or the agent has made its socket again (unix): another try
            // may do.
            self.renew(RETRY_EVERY).await;
        }
        false
    }

    async fn try_send(&self, datagram: &[u8]) -> io::Result<()> {
        let sent = match &self.socket {
            Ok(Socket::Udp(socket)) => timeout(SEND_WITHIN, socket.send(datagram)).await,
            Ok(Socket::Unix(socket)) => timeout(SEND_WITHIN, socket.send(datagram)).await,
            Err(fault) => return Err(io::Error::other(fault.clone())),
        };
        match sent {
            Ok(sent) => sent.map(drop),
            Err(_) => Err(io::Error::new(ErrorKind::TimedOut, "it reads too slowly")),
        }
    }

    /// Makes the socket again, if it is older than this or there is none. If that fails, an old one stays: it may still
    /// do.
    async fn renew(&mut self, every: Duration) {
        let every = self.socket.as_ref().map_or(RETRY_EVERY, |_| every);
        if self.tried_at.is_some_and(|at| at.elapsed() < every) {
            return;
        }
        let opened = open(&self.address).await;
        self.tried_at = Some(Instant::now());
        match opened {
            Ok(socket) => self.socket = Ok(socket),
            Err(error) if self.socket.is_err() => self.socket = Err(error.to_string()),
            Err(_) => {}
        }
    }

    fn report(&mut self, earlier_arrived: bool) {
        let address = &self.address;
        if let Some(fault) = self.fault.take() {
            if self.warnings.pass(Instant::now()).is_some() {
                let lost = std::mem::take(&mut self.lost);
                tracing::warn!(
                    lost,
                    "metrics do not reach {address}: {fault}; they are lost meanwhile, jobs go on"
                );
                self.warned = true;
            }
        } else if self.warned && earlier_arrived {
            tracing::info!("metrics can be sent to {address} again");
            self.warned = false;
        }
    }
}

async fn open(address: &AgentAddress) -> io::Result<Socket> {
    match address {
        AgentAddress::Udp { host, port } => {
            let agent = resolve(host, *port).await?;
            let any = match agent {
                SocketAddr::V4(_) => SocketAddr::from((Ipv4Addr::UNSPECIFIED, 0)),
                SocketAddr::V6(_) => SocketAddr::from((Ipv6Addr::UNSPECIFIED, 0)),
            };
            let socket = UdpSocket::bind(any).await?;
            // Connected, so that the system tells when nobody listens.
            socket.connect(agent).await?;
            Ok(Socket::Udp(socket))
        }
        AgentAddress::Unix(path) => {
            let socket = UnixDatagram::unbound()?;
            socket.connect(path)?;
            Ok(Socket::Unix(socket))
        }
    }
}

/// The address of a host. One of IPv4 if it has one: that is where agents listen by default.
async fn resolve(host: &str, port: u16) -> io::Result<SocketAddr> {
    let found = timeout(RESOLVE_WITHIN, lookup_host((host, port))).await;
    let found: Vec<SocketAddr> = found
        .map_err(|_| io::Error::new(ErrorKind::TimedOut, "its name is looked up too slowly"))??
        .collect();
    let ipv4 = found.iter().find(|address| address.is_ipv4());
    ipv4.or(found.first())
        .copied()
        .ok_or_else(|| io::Error::new(ErrorKind::NotFound, "its name has no address"))
}

#[cfg(test)]
mod tests;
