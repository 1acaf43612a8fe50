//! A client's TCP connection, which knows how far what was sent has come.

use std::io;
use std::pin::Pin;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use rustix::net::sockopt::set_socket_linger;
use tokio::io::{AsyncRead, AsyncWrite, Interest, ReadBuf};
use tokio::net::TcpStream;
use workmill_socket::SendQueue;

/// A client's connection. Counts what is written to it.
#[derive(Debug)]
pub(crate) struct Socket {
    stream: TcpStream,
    written: u64,
    shut_down: bool,
}

/// How far the bytes of a connection have come, counted from its beginning.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Progress {
    /// So many have left.
    pub(crate) sent: u64,
    /// So many has the client's system.
    pub(crate) acknowledged: u64,
    /// The connection has ended: they will not be more.
    pub(crate) is_final: bool,
}

impl Socket {
    pub(crate) fn new(stream: TcpStream) -> Self {
        Self {
            stream,
            written: 0,
            shut_down: false,
        }
    }

    /// Waits until the client has closed its side or the connection has broken.
    pub(super) async fn closed_by_peer(&self) {
        // Interest in priority data waits for the end as well, and unlike interest in reading does not wake
        // for bytes that are left unread on purpose. Priority data itself is not registered for, so it cannot
        // be what ends the wait. It fails only when the runtime ends.
        self.stream.ready(Interest::PRIORITY).await.ok();
    }

    /// How many bytes were written so far.
    pub(super) fn written(&self) -> u64 {
        self.written
    }

    /// How far they have come; none if the system does not tell.
    pub(super) fn progress(&self) -> Option<Progress> {
        let is_final = self.stream.peer_addr().is_err();
        let queue = SendQueue::of(&self.stream).ok()?;
        Some(Progress {
            sent: self.written.saturating_sub(queue.unsent),
            acknowledged: self.written.saturating_sub(queue.unacknowledged),
            is_final,
        })
    }

    /// Has the system forget what has not left when the connection is closed.
    pub(super) fn forget_unsent(&self) {
        // If it cannot, the connection is none any more.
        set_socket_linger(&self.stream, Some(Duration::ZERO)).ok();
    }
}

impl AsyncRead for Socket {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        room: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_read(context, room)
    }
}

impl AsyncWrite for Socket {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write(context, bytes))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = ready!(Pin::new(&mut self.stream).poll_write_vectored(context, slices))?;
        self.written += written as u64;
        Poll::Ready(Ok(written))
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        ready!(Pin::new(&mut self.stream).poll_shutdown(context))?;
        if !self.shut_down {
            self.shut_down = true;
            // The system counts the end as a byte.
            self.written += 1;
        }
        Poll::Ready(Ok(()))
    }
}
