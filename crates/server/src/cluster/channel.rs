//! Frames over a socket: a length of four bytes, the most significant first, then so many bytes.

use std::io;
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::io::{
    AsyncRead, AsyncReadExt as _, AsyncWrite, AsyncWriteExt as _, BufWriter, ReadHalf, WriteHalf,
};
use tokio::time::timeout;
use workmill_cluster::{HANDSHAKE_BYTES_MAX, LINK_SILENT};

/// How often each end says something at least.
pub(super) const PING_EVERY: Duration = Duration::from_millis(500);

/// A socket, with TLS or without.
pub(super) trait Socket: AsyncRead + AsyncWrite + Send + Unpin {}

impl<S: AsyncRead + AsyncWrite + Send + Unpin> Socket for S {}

/// So many bytes of frames are put together before they are sent.
const BUFFER_BYTES: usize = 64 << 10;

/// A link on which both ends have proved who they are.
pub(super) struct Channel {
    pub(super) reader: ReadHalf<Box<dyn Socket>>,
    pub(super) writer: BufWriter<WriteHalf<Box<dyn Socket>>>,
}

impl Channel {
    pub(super) fn over(socket: Box<dyn Socket>) -> Self {
        let (reader, writer) = tokio::io::split(socket);
        let writer = BufWriter::with_capacity(BUFFER_BYTES, writer);
        Self { reader, writer }
    }
}

/// Reads a frame of so many bytes at most.
///
/// # Errors
/// Those of the socket; the frame is longer, or does not come within [`LINK_SILENT`] of another part of it or the end of
/// the last.
pub(super) async fn read_frame(
    reader: &mut (impl AsyncRead + Unpin),
    bytes_max: usize,
) -> io::Result<Vec<u8>> {
    let length = heard(reader.read_u32()).await?;
    let length = usize::try_from(length).unwrap_or(usize::MAX);
    if length > bytes_max {
        let what = format!("a frame of {length} bytes; {bytes_max} is the most");
        return Err(io::Error::new(io::ErrorKind::InvalidData, what));
    }
    // Room is made as the bytes come, and not on the other end's word.
    let mut frame = Vec::new();
    while frame.len() < length {
        let rest = u64::try_from(length - frame.len()).unwrap_or(u64::MAX);
        let mut part = reader.take(rest.min(PART_BYTES));
        if heard(part.read_to_end(&mut frame)).await? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(frame)
}

/// So many bytes are to come within [`LINK_SILENT`]: the slowest link that is of use.
const PART_BYTES: u64 = 1 << 20;

async fn heard<T>(read: impl Future<Output = io::Result<T>>) -> io::Result<T> {
    match timeout(LINK_SILENT, read).await {
        Ok(read) => read,
        Err(_) => Err(io::Error::new(
            io::ErrorKind::TimedOut,
            format!("nothing has come for {} s", LINK_SILENT.as_secs()),
        )),
    }
}

/// Writes a frame, without flushing it.
pub(super) async fn write_frame(
    writer: &mut (impl AsyncWrite + Unpin),
    bytes: &[u8],
) -> io::Result<()> {
    let length = u32::try_from(bytes.len());
    let length = length.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    writer.write_u32(length).await?;
    writer.write_all(bytes).await
}

/// Reads a message of the handshake. None if it is none.
pub(super) async fn read_message<M: DeserializeOwned>(
    socket: &mut (impl AsyncRead + Unpin),
) -> io::Result<Option<M>> {
    let bytes = match read_frame(socket, HANDSHAKE_BYTES_MAX).await {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::InvalidData => return Ok(None),
        Err(error) => return Err(error),
    };
    Ok(postcard::from_bytes(&bytes).ok())
}

/// Writes a message of the handshake.
pub(super) async fn write_message(
    socket: &mut (impl AsyncWrite + Unpin),
    message: &impl Serialize,
) -> io::Result<()> {
    let bytes = postcard::to_stdvec(message);
    let bytes = bytes.map_err(|_| io::Error::from(io::ErrorKind::InvalidInput))?;
    write_frame(socket, &bytes).await?;
    socket.flush().await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn frames_come_as_they_were_sent() {
        let (mut here, mut there) = tokio::io::duplex(64);
        let frames = [Vec::new(), vec![7; 3], vec![9; 300]];
        let sent = frames.clone();
        let sending = tokio::spawn(async move {
            for frame in &sent {
                write_frame(&mut there, frame).await.unwrap();
            }
            there
        });
        for frame in &frames {
            assert_eq!(read_frame(&mut here, 300).await.unwrap(), *frame);
        }
        drop(sending.await.unwrap());
        let end = read_frame(&mut here, 300).await.unwrap_err();
        assert_eq!(end.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test]
    async fn a_frame_that_is_too_long_or_ends_early_is_refused() {
        let (mut here, mut there) = tokio::io::duplex(64);
        write_frame(&mut there, &[1; 9]).await.unwrap();
        let error = read_frame(&mut here, 8).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::InvalidData);
        let (mut here, mut there) = tokio::io::duplex(64);
        there.write_all(&[0, 0, 0, 9, 1]).await.unwrap();
        drop(there);
        let error = read_frame(&mut here, 9).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::UnexpectedEof);
    }

    #[tokio::test(start_paused = true)]
    async fn an_end_that_says_nothing_is_given_up() {
        let (mut here, there) = tokio::io::duplex(64);
        let error = read_frame(&mut here, 8).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        drop(there);
    }
}
