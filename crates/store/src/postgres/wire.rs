//! The socket of a connection, and how a thread waits for it.

use std::io::{self, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs as _};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::{Duration, Instant};

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::net::sockopt;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// After so long a silence of the other side it is asked whether it is still there.
const SILENCE_MAX: Duration = Duration::from_secs(5);
/// How often it is asked again.
const PROBE_INTERVAL: Duration = Duration::from_secs(2);
/// After so many questions without an answer it is gone.
const PROBES_MAX: u32 = 3;
/// For so long what was sent may stay without a word that it arrived.
const UNHEARD_MAX_MS: u32 = 10_000;

#[derive(Debug)]
enum Socket {
    Tcp(TcpStream),
    Unix(UnixStream),
}

impl Socket {
    fn try_clone(&self) -> io::Result<Self> {
        match self {
            Self::Tcp(stream) => stream.try_clone().map(Self::Tcp),
            Self::Unix(stream) => stream.try_clone().map(Self::Unix),
        }
    }
}

impl AsFd for Socket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Self::Tcp(stream) => stream.as_fd(),
            Self::Unix(stream) => stream.as_fd(),
        }
    }
}

/// One end of a connection. It never waits: whoever drives it has its [`Waiter`].
#[derive(Debug)]
pub(super) struct Wire {
    socket: Socket,
    wants_to_write: Arc<AtomicBool>,
}

/// What waits for a [`Wire`].
#[derive(Debug)]
pub(super) struct Waiter {
    socket: Socket,
    wants_to_write: Arc<AtomicBool>,
}

impl Wire {
    /// Connects to a host, at one of its addresses.
    pub(super) fn connect(host: &str, port: u16, wait: Duration) -> io::Result<(Self, Waiter)> {
        let mut failed = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in (host, port).to_socket_addrs()? {
            match Self::connect_to(&address, wait) {
                Ok(connected) => return Ok(connected),
                Err(error) => failed = error,
            }
        }
        Err(failed)
    }

    fn connect_to(address: &SocketAddr, wait: Duration) -> io::Result<(Self, Waiter)> {
        let stream = TcpStream::connect_timeout(address, wait)?;
        stream.set_nodelay(true)?;
        sockopt::set_socket_keepalive(&stream, true)?;
        sockopt::set_tcp_keepidle(&stream, SILENCE_MAX)?;
        sockopt::set_tcp_keepintvl(&stream, PROBE_INTERVAL)?;
        sockopt::set_tcp_keepcnt(&stream, PROBES_MAX)?;
        sockopt::set_tcp_user_timeout(&stream, UNHEARD_MAX_MS)?;
        stream.set_nonblocking(true)?;
        Self::over(Socket::Tcp(stream))
    }

    /// Connects to the socket of a server on this machine.
    pub(super) fn connect_local(directory: &Path, port: u16) -> io::Result<(Self, Waiter)> {
        let stream = UnixStream::connect(directory.join(format!(".s.PGSQL.{port}")))?;
        stream.set_nonblocking(true)?;
        Self::over(Socket::Unix(stream))
    }

    fn over(socket: Socket) -> io::Result<(Self, Waiter)> {
        let wants_to_write = Arc::new(AtomicBool::new(false));
        let waiter = Waiter {
            socket: socket.try_clone()?,
            wants_to_write: Arc::clone(&wants_to_write),
        };
        let wire = Self {
            socket,
            wants_to_write,
        };
        Ok((wire, waiter))
    }
}

impl Waiter {
    /// Waits until something can be read, or written if that was wanted.
    ///
    /// # Errors
    /// [`io::ErrorKind::TimedOut`] once it is `until`.
    pub(super) fn wait(&self, until: Option<Instant>) -> io::Result<()> {
        let mut flags = PollFlags::IN;
        if self.wants_to_write.load(Ordering::Relaxed) {
            flags |= PollFlags::OUT;
        }
        let mut waited_for = [PollFd::new(&self.socket, flags)];
        loop {
            let rest = until.map(|until| until.saturating_duration_since(Instant::now()));
            let rest = rest.map(|rest| Timespec {
                tv_sec: i64::try_from(rest.as_secs()).unwrap_or(i64::MAX),
                tv_nsec: i64::from(rest.subsec_nanos()),
            });
            match poll(&mut waited_for, rest.as_ref()) {
                Ok(0) => return Err(io::ErrorKind::TimedOut.into()),
                Ok(_) => return Ok(()),
                Err(rustix::io::Errno::INTR) => {}
                Err(error) => return Err(error.into()),
            }
        }
    }
}

/// What an operation that would have to wait comes to.
fn ready<T>(done: io::Result<T>) -> Poll<io::Result<T>> {
    match done {
        Err(error) if error.kind() == io::ErrorKind::WouldBlock => Poll::Pending,
        done => Poll::Ready(done),
    }
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        into: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let room = into.initialize_unfilled();
        let read = match &mut self.socket {
            Socket::Tcp(stream) => stream.read(room),
            Socket::Unix(stream) => stream.read(room),
        };
        ready(read.map(|count| into.advance(count)))
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        _: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready(match &mut self.socket {
            Socket::Tcp(stream) => stream.write(bytes),
            Socket::Unix(stream) => stream.write(bytes),
        });
        self.wants_to_write
            .store(written.is_pending(), Ordering::Relaxed);
        written
    }

    fn poll_flush(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }

    fn poll_shutdown(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<io::Result<()>> {
        Poll::Ready(Ok(()))
    }
}
