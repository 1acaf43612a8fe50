//! Takes connections in, and sees to it that they all end when the server stops.

use std::fs::File;
use std::future::Future;
use std::io::{self, Write as _};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use rustix::io::Errno;
use smallvec::smallvec;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::{JoinError, JoinSet};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_util::sync::CancellationToken;
use workmill_engine::{Duty, Op, ServerId};
use workmill_proto::{Reply, WireError};

use crate::connections::TooManyConnections;
use crate::log_limit::LogLimit;
use crate::services::Life;
use crate::session::{Arrival, HANDSHAKE_WITHIN, Socket, converse};
use crate::shared::Shared;

/// How many sockets may be open beyond the limit of connections: those that are saying HELLO, and those that
/// are being told that there are too many. Below the descriptors that are kept in reserve.
const SOCKETS_SPARE: usize = 32;

/// How long no connection is taken in after the system refused one, for want of memory for instance.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How long connections have to end by themselves when the server stops, before they are ended: a client
/// that reads nothing would hold it up.
const END_WITHIN: Duration = Duration::from_secs(8);

/// For how long clients are listened to once the server stops, unless they all go before: workers say what they have
/// finished, and whoever asks for more is told why there is none.
const LISTEN_ON_FOR: Duration = Duration::from_secs(1);

/// Takes connections in until the server stops, then ends them all.
pub(crate) async fn listen(listener: TcpListener, shared: Arc<Shared>, mut life: Life) {
    let mut guests = Guests::new(&shared);
    let mut door = Door::new(listener, shared);
    life.started();
    guests.admit(&mut door, life.stopping()).await;
    drop(door);
    guests.end_all().await;
}

/// Where connections come in.
pub(crate) struct Door {
    listener: TcpListener,
    shared: Arc<Shared>,
    /// A descriptor to fall back on when there are no others, so that whoever knocks can be turned away.
    reserve: Option<File>,
    refusals: LogLimit,
}

impl Door {
    pub(crate) fn new(listener: TcpListener, shared: Arc<Shared>) -> Self {
        Self {
            listener,
            shared,
            reserve: open_reserve(),
            refusals: LogLimit::default(),
        }
    }

    /// Waits for the next connection. None if there was one that could not be taken in.
    async fn accept(&mut self) -> Option<(TcpStream, SocketAddr)> {
        match self.listener.accept().await {
            Ok(accepted) => Some(accepted),
            Err(error) => {
                self.refuse(&error).await;
                None
            }
        }
    }

    /// Lets a connection in. If too many sockets are open, one that says nothing makes room; if all have said HELLO, the
    /// new one is told and closed.
    async fn let_in(&mut self, stream: TcpStream) -> Option<TcpStream> {
        let sockets = self.shared.roster.connections.sockets();
        let connections_max = self.shared.settings.now().connections_max;
        if sockets < connections_max + SOCKETS_SPARE {
            return Some(stream);
        }
        let made_room = self.make_room().await;
        if let Some(suppressed) = self.refusals.pass(std::time::Instant::now()) {
            let which = if made_room {
                "one without a HELLO"
            } else {
                "a new one"
            };
            tracing::warn!(
                sockets,
                suppressed,
                "too many sockets are open; {which} is closed"
            );
        }
        if made_room {
            return Some(stream);
        }
        if self.shared.entrance.tls.is_none() {
            // Whether the client gets it is its own affair.
            turn_away(stream, connections_max).ok();
        }
        None
    }

    /// Closes the connection that has said nothing for longest. False if there is none.
    async fn make_room(&self) -> bool {
        let made_room = self.shared.entrance.newcomers.push_out_oldest();
        if made_room {
            // So that it is closed before the next one comes in.
            tokio::task::yield_now().await;
        }
        made_room
    }

    /// A connection could not be taken in. The server goes on, whatever it was.
    async fn refuse(&mut self, error: &io::Error) {
        if let Some(suppressed) = self.refusals.pass(std::time::Instant::now()) {
            tracing::warn!(%error, suppressed, "a connection cannot be taken in");
        }
        let out_of_files = matches!(
            Errno::from_io_error(error),
            Some(Errno::MFILE | Errno::NFILE)
        );
        if out_of_files && self.make_room().await {
            return;
        }
        if self.reserve.take().is_some() {
            // With the descriptor that is free now one connection can be taken and closed at once, instead
            // of leaving its client to wait. If none is waiting any more, that is as good.
            timeout(Duration::ZERO, self.listener.accept()).await.ok();
        }
        tokio::time::sleep(ACCEPT_PAUSE).await;
        self.reserve = open_reserve();
    }
}

/// Tells a client instead of the greeting that there is no room, without a wait, and closes.
fn turn_away(stream: TcpStream, connections_max: usize) -> io::Result<()> {
    let mut reply = BytesMut::new();
    let reason = TooManyConnections { connections_max }.to_string();
    Reply::Error(&WireError::err(reason)).write(&mut reply);
    stream.into_std()?.write_all(&reply)
}

fn open_reserve() -> Option<File> {
    File::open("/dev/null").ok()
}

async fn welcome(shared: Arc<Shared>, stream: TcpStream, arrival: Arrival) {
    if let Err(error) = stream.set_nodelay(true) {
        tracing::debug!(peer = %arrival.peer, %error, "a connection has ended before it began");
        return;
    }
    let stream = Socket::new(stream);
    match &shared.entrance.tls {
        None => converse(shared, stream, arrival).await,
        // Boxed, so that plain connections keep no room for it.
        Some(_) => Box::pin(welcome_privately(shared, stream, arrival)).await,
    }
}

/// Welcomes a client that has to begin with a TLS handshake, if there is a certificate for one.
async fn welcome_privately(shared: Arc<Shared>, stream: Socket, arrival: Arrival) {
    let Some(tls) = &shared.entrance.tls else {
        return;
    };
    let accepted = tokio::select! {
        biased;
        accepted = timeout(HANDSHAKE_WITHIN, tls.acceptor().accept(stream)) => accepted,
        () = arrival.newcomer.pushed_out() => return,
    };
    let peer = arrival.peer;
    match accepted {
        Ok(Ok(stream)) => Box::pin(converse(shared, stream, arrival)).await,
        Ok(Err(error)) => tls.note_failure(peer, &error),
        Err(_) => tls.note_failure(peer, &io::ErrorKind::TimedOut.into()),
    }
}

/// The connections that were taken in through one door.
pub(crate) struct Guests {
    shared: Arc<Shared>,
    conversations: JoinSet<()>,
    close: CancellationToken,
}

impl Guests {
    pub(crate) fn new(shared: &Arc<Shared>) -> Self {
        Self {
            shared: Arc::clone(shared),
            conversations: JoinSet::new(),
            close: CancellationToken::new(),
        }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.conversations.is_empty()
    }

    /// Takes connections in until then.
    pub(crate) async fn admit(&mut self, door: &mut Door, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        loop {
            tokio::select! {
                biased;
                () = &mut until => return,
                Some(ended) = self.conversations.join_next() => note_end(ended),
                accepted = door.accept() => {
                    if let Some((stream, peer)) = accepted
                        && let Some(stream) = door.let_in(stream).await
                    {
                        self.welcome(stream, peer);
                    }
                }
            }
        }
    }

    /// Takes none in until then; some may end.
    pub(crate) async fn see_off(&mut self, until: impl Future<Output = ()>) {
        tokio::pin!(until);
        tokio::select! {
            biased;
            () = &mut until => {}
            () = self.all_ended() => until.await,
        }
    }

    fn welcome(&mut self, stream: TcpStream, peer: SocketAddr) {
        let shared = Arc::clone(&self.shared);
        let open = shared.roster.connections.note_socket();
        let arrival = Arrival {
            peer,
            close: self.close.child_token(),
            newcomer: shared.entrance.newcomers.enter(),
        };
        self.conversations.spawn(async move {
            welcome(shared, stream, arrival).await;
            drop(open);
        });
    }

    /// Sends those away who wait for jobs, gives workers the time to say what they have finished, lets running commands
    /// finish, and closes all connections.
    pub(crate) async fn end_all(mut self) {
        let deadline = Instant::now() + END_WITHIN;
        // If the committer has ended nobody waits for a job, and nothing can be finished.
        let drain = smallvec![Op::Drain(ServerId::LOCAL)];
        if let Ok(mut drained) = self.shared.gate.submit(drain, 0) {
            timeout_at(deadline, drained.answers()).await.ok();
            let until = Instant::now() + LISTEN_ON_FOR;
            timeout_at(until, self.all_ended()).await.ok();
        }
        self.close.cancel();
        let ended = timeout_at(deadline, self.all_ended()).await;
        if ended.is_err() {
            tracing::warn!(
                connections = self.conversations.len(),
                "connections do not end; they are cut"
            );
            self.conversations.shutdown().await;
        }
        // Last, as the clocks go on until here.
        let keep_clocks = smallvec![Op::Tick(Duty::KeepClocks)];
        if let Ok(mut kept) = self.shared.engine.submit(keep_clocks, 0) {
            timeout_at(deadline, kept.answers()).await.ok();
        }
    }

    /// Waits until no conversation is left. May be dropped and called again.
    async fn all_ended(&mut self) {
        while let Some(ended) = self.conversations.join_next().await {
            note_end(ended);
        }
    }
}

/// A conversation that panics is a bug, and hurts nobody but itself.
fn note_end(ended: Result<(), JoinError>) {
    if let Err(error) = ended
        && error.is_panic()
    {
        tracing::error!(%error, "a connection has failed; it is closed");
    }
}
