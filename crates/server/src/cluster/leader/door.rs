//! Where links of other servers come in.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use workmill_cluster::LINK_SILENT;

use super::heard::Heard;
use super::links::Links;
use super::open::Open;
use crate::cluster::admission::{LinkError, welcome};
use crate::cluster::channel::Channel;
use crate::committer::Inbox;
use crate::log_limit::LogLimit;
use crate::password::Password;
use crate::services::{Life, Service};
use crate::shared::Shared;
use crate::tls::TlsReloader;

/// So many sockets may be open: far more than there are servers.
const SOCKETS_MAX: usize = 256;

/// How long a socket has to prove that it is a server's.
const ADMIT_WITHIN: Duration = LINK_SILENT;

/// How long nothing is taken in after the system refused a socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a frame has besides the longest command, in bytes.
const FRAME_BYTES_SPARE: usize = 1 << 20;

/// How much longer a command may be in a frame than it is as a line: a PUSHB has some fields twice.
const FRAME_PER_LINE: usize = 2;

/// Where links come in, before there is a term for them.
#[derive(Debug)]
pub(crate) struct LinkListener {
    /// The socket.
    pub(crate) listener: TcpListener,
    /// What servers must know.
    pub(crate) secret: Password,
}

impl LinkListener {
    /// Takes links in, for a term.
    pub(crate) fn open(
        self,
        shared: &Arc<Shared>,
        inbox: &Arc<Inbox>,
        links: Arc<Links>,
    ) -> Service {
        let door = Door {
            shared: Arc::clone(shared),
            inbox: Arc::clone(inbox),
            links,
            secret: self.secret,
        };
        Service::start("links of servers", |life| door.listen(self.listener, life))
    }
}

/// Takes links in, and serves them.
pub(super) struct Door {
    pub(super) shared: Arc<Shared>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) links: Arc<Links>,
    secret: Password,
}

impl Door {
    /// Takes links in until it is to stop; then all of them are closed.
    async fn listen(self, listener: TcpListener, mut life: Life) {
        let door = Arc::new(self);
        let places = Arc::new(Semaphore::new(SOCKETS_MAX));
        let mut links = JoinSet::new();
        let mut seconds = interval(Duration::from_secs(1));
        let mut refusals = LogLimit::default();
        life.started();
        loop {
            tokio::select! {
                biased;
                () = life.stopping() => break,
                _ = seconds.tick() => door.inbox.hear(Heard::Second, 0),
                Some(_) = links.join_next() => {}
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => {
                        let Ok(place) = Arc::clone(&places).try_acquire_owned() else {
                            if let Some(suppressed) = refusals.pass(Instant::now()) {
                                tracing::warn!(%peer, suppressed, "too many links of servers are open; a new one is closed");
                            }
                            continue;
                        };
                        let door = Arc::clone(&door);
                        links.spawn(async move {
                            door.serve(stream, peer).await;
                            drop(place);
                        });
                    }
                    Err(error) => {
                        tracing::warn!(%error, "a link of a server cannot be taken in");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
            }
        }
        links.shutdown().await;
    }

    async fn serve(&self, stream: TcpStream, peer: SocketAddr) {
        let channel = match self.admit(stream).await {
            Ok(channel) => channel,
            Err(error) => {
                tracing::warn!(%peer, %error, "a server is not let in");
                return;
            }
        };
        let link = Open::new(self);
        tracing::info!(%peer, "a server is linked");
        let error = link.serve(channel).await;
        tracing::warn!(%peer, %error, "the link of a server is broken");
    }

    async fn admit(&self, stream: TcpStream) -> Result<Channel, LinkError> {
        let tls = self.shared.entrance.tls.as_ref();
        let acceptor = tls.map(TlsReloader::acceptor);
        let frame_bytes_max = u32::try_from(self.frame_bytes_max()).unwrap_or(u32::MAX);
        let admitting = welcome(stream, &self.secret, acceptor, frame_bytes_max);
        match timeout(ADMIT_WITHIN, admitting).await {
            Ok(admitted) => admitted,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }

    /// The longest frame that is taken, in bytes.
    pub(super) fn frame_bytes_max(&self) -> usize {
        let line_bytes_max = self.shared.settings.now().line_bytes_max;
        FRAME_PER_LINE * line_bytes_max + FRAME_BYTES_SPARE
    }
}
