//! Bytes in and out of a connection, within their limits.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use bytes::BytesMut;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::time::{Instant, timeout, timeout_at};
use workmill_proto::{LineReader, Reply};

use super::farewell::Farewell;
use super::stream::Stream;
use crate::input_budget::{BudgetExhausted, Charge, InputBudget};

/// How long a client may take in no byte of what is sent to it.
const SEND_STALL_MAX: Duration = Duration::from_secs(60);

/// How long a connection that is closed with an error is listened to: closing while the client still
/// sends would take the error text from it.
const LINGER_MAX: Duration = Duration::from_secs(2);

/// How long the last bytes may take.
const CLOSE_WITHIN: Duration = Duration::from_secs(2);

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
    charge: Charge,
    /// The client has closed its side, and all it has sent has been read.
    pub(super) at_end: bool,
    /// The client has closed its side. What it sent before may be unread.
    pub(super) closed_by_peer: bool,
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
    #[error(transparent)]
    Budget(#[from] BudgetExhausted),
}

impl<S: Stream> Wire<S> {
    pub(super) fn new(stream: S, line_bytes_max: usize, budget: &Arc<InputBudget>) -> Self {
        Self {
            stream,
            lines: LineReader::new(line_bytes_max),
            out: BytesMut::new(),
            charge: budget.charge(),
            at_end: false,
            closed_by_peer: false,
        }
    }

    /// Reads what is there, waiting for it if need be. Notes the end. May be dropped and called again.
    pub(super) async fn fill(&mut self) -> Result<(), WireFault> {
        // A large buffer is paid for before it grows: copying it takes memory at once.
        self.charge.cover(self.lines.wanted_bytes()).await?;
        self.lines.buffer_mut();
        self.charge.cover(self.lines.buffered_bytes()).await?;
        let due = self.charge.line_due();
        let read = self.stream.read_buf(self.lines.buffer_mut());
        let bytes_read = match due {
            None => read.await?,
            Some(due) => timeout_at(due, read)
                .await
                .map_err(|_| WireFault::LineTooSlow)??,
        };
        self.at_end = bytes_read == 0;
        self.closed_by_peer |= self.at_end;
        Ok(())
    }

    /// Waits for a sign of the client: reads on as long as less than this many bytes wait, then only looks out
    /// for the client's end. May be dropped and called again.
    pub(super) async fn look_ahead(&mut self, ahead_bytes_max: usize) -> Result<(), WireFault> {
        if self.unread_bytes() < ahead_bytes_max {
            return self.fill().await;
        }
        self.stream.closed_by_peer().await;
        self.closed_by_peer = true;
        Ok(())
    }

    /// How many bytes have been read that are no commands yet.
    fn unread_bytes(&self) -> usize {
        self.lines.unread_bytes()
    }

    /// Gives back the share of the input budget of commands that have been answered.
    pub(super) fn settle_input(&mut self) {
        self.charge.shrink_to(self.lines.buffered_bytes());
    }

    /// Sends all replies to the last byte.
    pub(super) async fn send(&mut self) -> Result<(), WireFault> {
        let mut sent = 0;
        while let Some(rest) = self.out.get(sent..).filter(|rest| !rest.is_empty()) {
            let write = timeout(SEND_STALL_MAX, self.stream.write(rest));
            match write.await.map_err(|_| WireFault::SendStalled)?? {
                0 => return Err(io::Error::from(io::ErrorKind::WriteZero).into()),
                bytes => sent += bytes,
            }
        }
        let flush = self.stream.flush();
        timeout(SEND_STALL_MAX, flush)
            .await
            .map_err(|_| WireFault::SendStalled)??;
        self.out.clear();
        if self.out.capacity() > OUTPUT_KEPT_BYTES_MAX {
            self.out = BytesMut::new();
        }
        Ok(())
    }

    /// Says farewell and closes the stream.
    pub(super) async fn close(mut self, farewell: Farewell) {
        let told = match &farewell {
            Farewell::Told(error) => {
                Reply::Error(error).write(&mut self.out);
                true
            }
            Farewell::Silent => false,
        };
        // Whether the client gets it is its own affair from here on.
        let closing = async {
            self.send().await.ok();
            self.stream.shutdown().await.ok();
        };
        let closed = timeout(CLOSE_WITHIN, closing).await;
        if told && !self.at_end && closed.is_ok() {
            self.linger().await;
        }
    }

    /// Reads and forgets what still comes.
    async fn linger(&mut self) {
        let until = Instant::now() + LINGER_MAX;
        self.lines = LineReader::new(0);
        self.settle_input();
        let mut scrap = BytesMut::with_capacity(4 << 10);
        while let Ok(Ok(1..)) = timeout_at(until, self.stream.read_buf(&mut scrap)).await {
            scrap.clear();
        }
    }
}

#[cfg(test)]
mod tests;
