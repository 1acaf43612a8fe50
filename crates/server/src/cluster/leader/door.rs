//! Where links of other servers come in.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::Context as _;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{interval, sleep, timeout};
use workmill_cluster::LINK_SILENT;

use super::hall::Hall;
use super::heard::Heard;
use super::open::Open;
use crate::bind::bind;
use crate::cluster::admission::{LinkError, welcome};
use crate::cluster::channel::Channel;
use crate::log_limit::LogLimit;
use crate::password::Password;
use crate::services::{Life, Service};
use crate::settings::Binding;
use crate::tls::TlsReloader;

/// So many sockets may be open: far more than there are servers.
const SOCKETS_MAX: usize = 256;

/// How long a socket has to prove that it is a server's.
const ADMIT_WITHIN: Duration = LINK_SILENT;

/// How long nothing is taken in after the system refused a socket.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Where links come in, whether there is a term for them or not.
#[derive(Clone, Debug)]
pub(crate) struct LinkListener {
    /// The socket.
    pub(crate) listener: Arc<TcpListener>,
    /// What servers must know.
    pub(crate) secret: Password,
}

impl LinkListener {
    /// Listens for the links of other servers.
    ///
    /// # Errors
    /// The address cannot be had.
    pub(crate) fn bind(binding: &Binding, secret: &Password) -> anyhow::Result<Self> {
        let listener = bind(binding)
            .with_context(|| format!("cannot take in links of other servers on {binding}"))?;
        let addr = listener.local_addr();
        let addr = addr.context("cannot tell where links come in")?;
        tracing::info!("takes in links of other servers at {addr}");
        Ok(Self {
            listener: Arc::new(listener),
            secret: secret.clone(),
        })
    }

    /// Takes links in, for a term.
    pub(crate) fn open(&self, hall: Arc<Hall>) -> Service {
        let listener = Arc::clone(&self.listener);
        let door = Door {
            hall,
            secret: self.secret.clone(),
        };
        Service::start("links of servers", move |life| async move {
            door.listen(&listener, life).await;
        })
    }

    /// Closes whatever comes in, as nobody leads here: whoever looks for the one that does need not wait for an answer.
    pub(crate) async fn turn_away(&self) -> Infallible {
        loop {
            if self.listener.accept().await.is_err() {
                sleep(ACCEPT_PAUSE).await;
            }
        }
    }
}

/// Takes links in, and serves them.
struct Door {
    hall: Arc<Hall>,
    secret: Password,
}

impl Door {
    /// Takes links in until it is to stop; then all of them are closed.
    async fn listen(self, listener: &TcpListener, mut life: Life) {
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
                _ = seconds.tick() => door.hall.inbox.hear(Heard::Second, 0),
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
        let link = Open::new(&self.hall);
        tracing::info!(%peer, "a server is linked");
        let error = link.serve(channel).await;
        tracing::warn!(%peer, %error, "the link of a server is broken");
    }

    async fn admit(&self, stream: TcpStream) -> Result<Channel, LinkError> {
        let tls = self.hall.shared.entrance.tls.as_ref();
        let acceptor = tls.map(TlsReloader::acceptor);
        let frame_bytes_max = u32::try_from(self.hall.frame_bytes_max()).unwrap_or(u32::MAX);
        let admitting = welcome(stream, &self.secret, acceptor, frame_bytes_max);
        match timeout(ADMIT_WITHIN, admitting).await {
            Ok(admitted) => admitted,
            Err(_) => Err(io::Error::from(io::ErrorKind::TimedOut).into()),
        }
    }
}
