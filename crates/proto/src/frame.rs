//! Bytes from a connection, cut into lines.

use bytes::{Bytes, BytesMut};

/// The room offered to each read, in bytes, at least. A connection that waits holds this much memory, and
/// there may be tens of thousands; most commands fit.
const READ_BYTES_MIN: usize = 4 * 1024;

/// A buffer that has grown beyond this many bytes is given back once its lines have been taken.
const KEPT_BYTES_MAX: usize = 64 * 1024;

/// How many bytes of the lines to come may be moved out of a buffer in order to give it back.
const MOVED_BYTES_MAX: usize = 16 * 1024;

/// Cuts the bytes of one connection into lines that end in LF or CRLF.
///
/// No byte is looked at twice, and lines are not copied.
#[derive(Debug)]
pub struct LineReader {
    buffer: BytesMut,
    /// That many bytes at the start of the buffer are known to have no LF.
    scanned: usize,
    /// The most memory the buffer has been seen with since it was made, in bytes.
    grown: usize,
    line_bytes_max: usize,
}

/// A line is longer than it may be. The rest of it has not been read, so nothing after it can be understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a line may have at most {line_bytes_max} bytes: send less at a time, or raise the limit")]
pub struct LineTooLong {
    /// How long it may be, in bytes without its line end.
    pub line_bytes_max: usize,
}

impl LineReader {
    /// A reader of lines of at most this many bytes, not counting the line end.
    pub fn new(line_bytes_max: usize) -> Self {
        Self {
            buffer: BytesMut::new(),
            scanned: 0,
            grown: 0,
            line_bytes_max,
        }
    }

    /// Changes how long the lines after the last one taken may be.
    pub fn set_line_bytes_max(&mut self, max: usize) {
        self.line_bytes_max = max;
    }

    /// The buffer to read into, with room for at least 4 KiB. Append to it only.
    pub fn buffer_mut(&mut self) -> &mut BytesMut {
        let room = self.buffer.capacity() - self.buffer.len();
        if room < READ_BYTES_MIN {
            self.buffer.reserve(READ_BYTES_MIN);
        }
        &mut self.buffer
    }

    /// Takes the next line, without its LF or CRLF. None if it is not complete yet.
    ///
    /// Fails as soon as more bytes came than a line may have, and from then on always.
    pub fn next_line(&mut self) -> Result<Option<Bytes>, LineTooLong> {
        let unscanned = self.buffer.get(self.scanned..).unwrap_or_default();
        let Some(index) = memchr::memchr(b'\n', unscanned) else {
            self.scanned = self.buffer.len();
            self.check_length(self.buffer.len())?;
            return Ok(None);
        };
        let with_cr = self.scanned + index;
        let length = self.check_length(with_cr)?;
        self.grown = self.grown.max(self.buffer.capacity());
        let mut line = self.buffer.split_to(with_cr + 1).freeze();
        line.truncate(length);
        self.scanned = 0;
        self.give_memory_back();
        Ok(Some(line))
    }

    /// The memory this reader holds, in bytes.
    pub fn buffered_bytes(&self) -> usize {
        self.grown.max(self.buffer.capacity())
    }

    /// The length of the line in the first `end` bytes without a CR at its end, if it is not too long.
    fn check_length(&self, end: usize) -> Result<usize, LineTooLong> {
        let line = self.buffer.get(..end).unwrap_or_default();
        let length = line.strip_suffix(b"\r").unwrap_or(line).len();
        if length > self.line_bytes_max {
            return Err(LineTooLong {
                line_bytes_max: self.line_bytes_max,
            });
        }
        Ok(length)
    }

    /// Lets go of a buffer that has become large, as soon as little is left in it. Without this a
    /// connection that once sent a large job would hold its memory for as long as it stays.
    fn give_memory_back(&mut self) {
        if self.grown > KEPT_BYTES_MAX && self.buffer.len() <= MOVED_BYTES_MAX {
            self.buffer = BytesMut::from(self.buffer.as_ref());
            self.grown = 0;
        }
    }
}
