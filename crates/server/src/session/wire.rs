//! Bytes in and out of a connection, within their limits.

use std::future::{Future, poll_fn};
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};
use workmill_proto::{LineReader, Reply, WireError};

use super::socket::{Progress, Socket};
use super::stream::Stream;
use crate::memory_budget::{BudgetExhausted, Charge, MemoryBudget};

/// How long a client may take in no byte of what is sent to it.
const SEND_STALL_MAX: Duration = Duration::from_secs(60);

/// How long a client has for replies, beside what their size allows it at [`SEND_BYTES_PER_SEC_MIN`].
const SEND_WITHIN: Duration = Duration::from_secs(60);

/// How fast a client must take in large replies on the whole, in bytes per second: they take up memory until
/// it has. Slower than any network that is worth a worker.
const SEND_BYTES_PER_SEC_MIN: u64 = 64 << 10;

/// How long a connection that is closed with an error is listened to: closing while the client still
/// sends would take the error text from it.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// How long the last bytes may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

/// How much is read at a time where a line begins, in bytes. Most commands fit, also several at once.
const READ_BYTES: usize = 8 << 10;

/// An output buffer that has grown beyond this is given back after use, in bytes: every connection may keep
/// one.
const OUTPUT_KEPT_BYTES_MAX: usize = 8 << 10;

/// A connection's stream and its buffers.
#[derive(Debug)]
pub(super) struct Wire<S> {
    stream: S,
    pub(super) lines: LineReader,
    /// Replies to be sent.
    pub(super) out: BytesMut,
    input: Charge,
    output: Charge,
    peer_side: PeerSide,
}

/// How far the client's side is closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PeerSide {
    /// It may send more.
    Open,
    /// It has closed its side. What it sent before may be unread.
    Closed,
    /// It has closed its side, and all it has sent has been read.
    AtEnd,
}

/// Why nothing more can be read or sent.
#[derive(Debug, thiserror::Error)]
pub(super) enum WireFault {
    #[error(transparent)]
    Io(#[from] io::Error),
    #[error("the client takes in nothing of what is sent to it")]
    SendStalled,
    #[error("the line took too long to arrive: send large commands without a pause")]
    LineTooSlow,
    #[error("the client takes in what is sent to it too slowly")]
    SendTooSlow,
    #[error(
        "all connections together have sent more than the {} bytes the server may hold: \
         try again later, or send less at a time",
        .0.bytes_max
    )]
    InputExhausted(BudgetExhausted),
    #[error(
        "replies that clients do not take in take up all {} bytes the server has for them: try again later",
        .0.bytes_max
    )]
    OutputExhausted(BudgetExhausted),
}

impl<S: Stream> Wire<S> {
    pub(super) fn new(
        stream: S,
        line_bytes_max: usize,
        input: &Arc<MemoryBudget>,
        output: &Arc<MemoryBudget>,
    ) -> Self {
        Self {
            stream,
            lines: LineReader::new(line_bytes_max),
            out: BytesMut::new(),
            input: input.charge(),
            output: output.charge(),
            peer_side: PeerSide::Open,
        }
    }

    /// Reads what is there, waiting for it if need be. Notes the end. May be dropped and called again.
    pub(super) async fn fill(&mut self) -> Result<(), WireFault> {
        // A large buffer is paid for before it grows: copying it takes memory at once.
        let bytes = self.lines.wanted_bytes();
        self.input
            .cover(bytes)
            .await
            .map_err(WireFault::InputExhausted)?;
        let due = self.input.line_due();
        let read = read(&mut self.stream, &mut self.lines);
        let bytes_read = match due {
            None => read.await?,
            Some(due) => Box::pin(timeout_at(due, read))
                .await
                .map_err(|_| WireFault::LineTooSlow)??,
        };
        if bytes_read == 0 {
            self.peer_side = PeerSide::AtEnd;
        }
        Ok(())
    }

    /// Waits for a sign of the client: reads on as long as less than this many bytes wait, then only looks out
    /// for the client's end. May be dropped and called again.
    pub(super) async fn read_ahead(&mut self, ahead_bytes_max: usize) -> Result<(), WireFault> {
        if self.unread_bytes() < ahead_bytes_max {
            return self.fill().await;
        }
        self.stream.closed_by_peer().await;
        self.peer_side = PeerSide::Closed;
        Ok(())
    }

    /// Whether the client has closed its side. What it sent before may be unread.
    pub(super) fn closed_by_peer(&self) -> bool {
        self.peer_side != PeerSide::Open
    }

    /// Whether the client has closed its side, and all it has sent has been read.
    pub(super) fn at_end(&self) -> bool {
        self.peer_side == PeerSide::AtEnd
    }

    /// How many bytes have been read that are no commands yet.
    fn unread_bytes(&self) -> usize {
        self.lines.unread_bytes()
    }

    /// Gives back the share of the input budget of commands that have been answered.
    pub(super) fn release_input(&mut self) {
        self.input.shrink_to(self.lines.buffered_bytes());
    }

    /// Sends all replies to the last byte. After an error they are forgotten; after
    /// [`WireFault::OutputExhausted`] nothing of them has been sent.
    pub(super) async fn send(&mut self) -> Result<(), WireFault> {
        // Taken out, so that whatever happens no byte is sent twice.
        let mut out = std::mem::take(&mut self.out);
        let covered = self.output.cover_whole(out.capacity()).await;
        covered.map_err(WireFault::OutputExhausted)?;
        let by_size = out.len() as u64 / SEND_BYTES_PER_SEC_MIN;
        let within = SEND_WITHIN + Duration::from_secs(by_size);
        self.send_within(&out, within).await?;
        if out.capacity() <= OUTPUT_KEPT_BYTES_MAX {
            out.clear();
            self.out = out;
        } else {
            drop(out);
        }
        self.output.shrink_to(0);
        Ok(())
    }

    /// The waits are boxed: they are rare, and every connection would keep room for them.
    async fn send_within(&mut self, bytes: &[u8], within: Duration) -> Result<(), WireFault> {
        let at_once = poll_fn(|context| Poll::Ready(self.send_at_once(context, bytes)));
        match at_once.await? {
            None => Ok(()),
            Some(rest) => Box::pin(timeout(within, self.send_bytes(rest)))
                .await
                .map_err(|_| WireFault::SendTooSlow)?,
        }
    }

    /// Sends what the system takes in without a wait. Gives what is left to be sent or flushed, if anything is.
    fn send_at_once<'a>(
        &mut self,
        context: &mut Context<'_>,
        mut rest: &'a [u8],
    ) -> io::Result<Option<&'a [u8]>> {
        while !rest.is_empty() {
            match Pin::new(&mut self.stream).poll_write(context, rest)? {
                Poll::Ready(0) => return Err(io::ErrorKind::WriteZero.into()),
                Poll::Ready(bytes) => rest = rest.get(bytes..).unwrap_or_default(),
                Poll::Pending => return Ok(Some(rest)),
            }
        }
        let flushed = Pin::new(&mut self.stream).poll_flush(context)?;
        Ok(flushed.is_pending().then_some(rest))
    }

    async fn send_bytes(&mut self, mut rest: &[u8]) -> Result<(), WireFault> {
        while !rest.is_empty() {
            match within_stall(self.stream.write(rest)).await? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                bytes => rest = rest.get(bytes..).unwrap_or_default(),
            }
        }
        within_stall(self.stream.flush()).await
    }

    /// How many bytes were handed to the system so far.
    pub(super) fn written(&self) -> u64 {
        self.stream.socket().map_or(0, Socket::written)
    }

    /// How far they have come; none if the system does not tell.
    pub(super) fn progress(&self) -> Option<Progress> {
        self.stream.socket()?.progress()
    }

    /// Has the system forget what has not left when the connection is closed.
    pub(super) fn forget_unsent(&self) {
        if let Some(socket) = self.stream.socket() {
            socket.forget_unsent();
        }
    }

    /// Closes the stream, with an error as the last reply if there is one.
    pub(super) async fn close(&mut self, error: Option<&WireError>) {
        if let Some(error) = error {
            Reply::Error(error).write(&mut self.out);
        }
        // Whether the client gets it is its own affair from here on.
        let closing = async {
            self.send().await.ok();
            self.stream.shutdown().await.ok();
        };
        let closed = timeout(CLOSE_WITHIN, closing).await;
        if error.is_some() && !self.at_end() && closed.is_ok() {
            self.linger().await;
        }
    }

    /// Reads and forgets what still comes.
    async fn linger(&mut self) {
        let until = Instant::now() + LINGER_MAX;
        self.lines = LineReader::new(0);
        self.release_input();
        let mut scrap = BytesMut::with_capacity(4 << 10);
        while let Ok(Ok(1..)) = timeout_at(until, self.stream.read_buf(&mut scrap)).await {
            scrap.clear();
        }
    }
}

/// Reads what is there, waiting for it if need be. While it waits for the first bytes of a line it has no room for
/// them: there may be tens of thousands of connections that do.
async fn read<S: Stream>(stream: &mut S, lines: &mut LineReader) -> io::Result<usize> {
    if lines.unread_bytes() > 0 {
        return stream.read_buf(lines.buffer_mut()).await;
    }
    poll_fn(|context| {
        let mut room = [MaybeUninit::uninit(); READ_BYTES];
        let mut room = ReadBuf::uninit(&mut room);
        ready!(Pin::new(&mut *stream).poll_read(context, &mut room))?;
        lines.append(room.filled());
        Poll::Ready(Ok(room.filled().len()))
    })
    .await
}

/// A step of sending, which a client may hold up for so long.
async fn within_stall<T>(step: impl Future<Output = io::Result<T>>) -> Result<T, WireFault> {
    let done = timeout(SEND_STALL_MAX, step).await;
    Ok(done.map_err(|_| WireFault::SendStalled)??)
}

#[cfg(test)]
mod tests;
