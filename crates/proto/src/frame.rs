//! Bytes from a connection, cut into lines.

use bytes::{Bytes, BytesMut};

/// The room offered to each read, in bytes, at least. Most commands fit.
const READ_BYTES_MIN: usize = 4 * 1024;

/// A buffer that has grown beyond this many bytes is given back once its lines have been taken. Growing a
/// new one costs less than the memory of tens of thousands that wait.
const KEPT_BYTES_MAX: usize = 16 * 1024;

/// The longest line end, CRLF, in bytes.
const LINE_END_BYTES_MAX: usize = 2;

/// How many bytes of the lines to come may be moved out of a buffer in order to give it back.
const MOVED_BYTES_MAX: usize = 4 * 1024;

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
        if self.must_grow() {
            // Left to itself a buffer doubles: the last doubling for the longest line would be for nothing.
            let mut larger = BytesMut::with_capacity(self.wanted_bytes());
            larger.extend_from_slice(&self.buffer);
            self.buffer = larger;
            self.grown = 0;
        } else if !self.has_room() {
            self.buffer.reserve(READ_BYTES_MIN);
        }
        &mut self.buffer
    }

    /// Takes in bytes that were read elsewhere, with little more room than they need. Whoever waits for the first bytes of
    /// a line reads so: with [`Self::buffer_mut`] it would keep 4 KiB meanwhile, and tens of thousands may wait.
    pub fn append(&mut self, bytes: &[u8]) {
        self.buffer.extend_from_slice(bytes);
    }

    /// What has been read that is no lines taken yet.
    pub fn unread(&self) -> &[u8] {
        &self.buffer
    }

    /// How many bytes have been read that are no lines taken yet.
    pub fn unread_bytes(&self) -> usize {
        self.buffer.len()
    }

    /// The memory a large buffer will have once [`Self::buffer_mut`] has made room, in bytes, so that it can be
    /// asked for before. Little more than the longest line takes, unless several lines wait.
    pub fn wanted_bytes(&self) -> usize {
        if !self.must_grow() {
            return self.buffered_bytes();
        }
        let beside_line = LINE_END_BYTES_MAX + READ_BYTES_MIN;
        let longest = self.line_bytes_max.saturating_add(beside_line);
        let doubled = self.buffer.capacity().saturating_mul(2);
        doubled.min(longest).max(self.buffer.len() + READ_BYTES_MIN)
    }

    fn has_room(&self) -> bool {
        self.buffer.capacity() - self.buffer.len() >= READ_BYTES_MIN
    }

    fn must_grow(&self) -> bool {
        !self.has_room() && self.buffer.len() > KEPT_BYTES_MAX
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

#[cfg(test)]
mod tests {
    use super::*;

    fn reader(max: usize, bytes: &[u8]) -> LineReader {
        let mut reader = LineReader::new(max);
        reader.buffer_mut().extend_from_slice(bytes);
        reader
    }

    fn line(reader: &mut LineReader) -> Option<Vec<u8>> {
        reader.next_line().unwrap().map(|line| line.to_vec())
    }

    #[test]
    fn lines_end_in_lf_or_crlf() {
        let mut reader = reader(10, b"one\ntwo\r\n\r\n\nthree\r\r\nrest");
        for wanted in ["one", "two", "", "", "three\r"] {
            assert_eq!(line(&mut reader).unwrap(), wanted.as_bytes());
        }
        assert_eq!(line(&mut reader), None);
        reader.buffer_mut().extend_from_slice(b"ful\n");
        assert_eq!(line(&mut reader).unwrap(), b"restful");
    }

    #[test]
    fn a_line_may_come_byte_by_byte() {
        let mut reader = LineReader::new(4);
        for byte in b"word\r" {
            reader.buffer_mut().extend_from_slice(&[*byte]);
            assert_eq!(line(&mut reader), None);
        }
        reader.buffer_mut().extend_from_slice(b"\n");
        assert_eq!(line(&mut reader).unwrap(), b"word");
    }

    #[test]
    fn the_limit_does_not_count_the_line_end() {
        for text in ["1234\n", "1234\r\n", "1234\r", "1234"] {
            assert!(reader(4, text.as_bytes()).next_line().is_ok(), "{text:?}");
        }
        for text in [
            "12345\n",
            "12345\r\n",
            "1234\rx",
            "1234\r\r",
            "12345",
            "12345678",
        ] {
            let error = LineTooLong { line_bytes_max: 4 };
            assert_eq!(
                reader(4, text.as_bytes()).next_line(),
                Err(error),
                "{text:?}"
            );
        }
    }

    #[test]
    fn a_line_too_long_stays_too_long() {
        let mut reader = reader(4, b"12345\nok\n");
        assert!(reader.next_line().is_err());
        assert!(reader.next_line().is_err());
    }

    #[test]
    fn the_limit_can_grow_between_lines() {
        let mut reader = reader(4, b"1234\n12345\n");
        assert!(line(&mut reader).is_some());
        reader.set_line_bytes_max(5);
        assert_eq!(line(&mut reader).unwrap(), b"12345");
    }

    #[test]
    fn scanned_bytes_are_not_scanned_again() {
        let mut reader = reader(100, b"abc");
        assert_eq!(line(&mut reader), None);
        assert_eq!(reader.scanned, 3);
        // A line feed where the reader has looked already goes unseen: so it does not look there again.
        reader.buffer[1] = b'\n';
        assert_eq!(line(&mut reader), None);
    }

    #[test]
    fn a_line_is_not_copied() {
        let mut reader = reader(100, b"first\nsecond\n");
        let start = reader.buffer.as_ptr();
        assert_eq!(reader.next_line().unwrap().unwrap().as_ptr(), start);
    }

    #[test]
    fn memory_is_given_back_after_a_large_line() {
        let mut reader = reader(usize::MAX, &[b'x'; 1_000_000]);
        assert_eq!(line(&mut reader), None);
        reader.buffer_mut().extend_from_slice(b"\nnext");
        assert!(reader.buffered_bytes() >= 1_000_000);
        assert_eq!(line(&mut reader).unwrap().len(), 1_000_000);
        assert!(
            reader.buffered_bytes() <= 1_000,
            "{}",
            reader.buffered_bytes()
        );
        reader.buffer_mut().extend_from_slice(b" line\n");
        assert_eq!(line(&mut reader).unwrap(), b"next line");
    }

    #[test]
    fn the_longest_line_takes_little_more_memory_than_it_is_long() {
        let bytes = 1 << 20;
        let mut reader = LineReader::new(bytes);
        for _ in 0..bytes / 1024 {
            let wanted = reader.wanted_bytes();
            reader.buffer_mut().extend_from_slice(&[b'x'; 1024]);
            assert!(wanted <= KEPT_BYTES_MAX || reader.buffered_bytes() == wanted);
            assert_eq!(line(&mut reader), None);
        }
        assert!(reader.buffered_bytes() <= bytes + 2 + READ_BYTES_MIN);
        reader.buffer_mut().extend_from_slice(b"\r\n");
        assert_eq!(line(&mut reader).unwrap().len(), bytes);
    }

    #[test]
    fn many_lines_in_a_large_buffer_are_not_moved_about() {
        let mut reader = reader(100, &b"0123456789\n".repeat(10_000));
        let (mut lines, mut moves) = (0, 0);
        let mut end = reader.buffer.as_ptr_range().end;
        while line(&mut reader).is_some() {
            lines += 1;
            let new_end = reader.buffer.as_ptr_range().end;
            moves += usize::from(new_end != end);
            end = new_end;
        }
        assert_eq!(lines, 10_000);
        assert_eq!(moves, 1);
    }

    #[test]
    fn there_is_always_room_to_read_into() {
        let mut reader = LineReader::new(100);
        for _ in 0..100 {
            let buffer = reader.buffer_mut();
            assert!(buffer.capacity() - buffer.len() >= READ_BYTES_MIN);
            buffer.extend_from_slice(&[b'x'; 1000]);
        }
    }

    #[test]
    fn appended_lines_take_little_more_room_than_the_longest() {
        let mut reader = LineReader::new(100);
        for _ in 0..10_000 {
            reader.append(b"FETCH critical");
            reader.append(b" default\r\n");
            assert_eq!(line(&mut reader).unwrap(), b"FETCH critical default");
        }
        assert!(
            reader.buffered_bytes() <= 100,
            "{}",
            reader.buffered_bytes()
        );
    }

    #[test]
    fn small_commands_reuse_the_buffer() {
        let mut reader = LineReader::new(100);
        for _ in 0..10_000 {
            reader
                .buffer_mut()
                .extend_from_slice(b"BEAT {\"wid\":\"w1\"}\r\n");
            assert!(line(&mut reader).is_some());
        }
        assert!(
            reader.buffered_bytes() <= 2 * READ_BYTES_MIN,
            "{}",
            reader.buffered_bytes()
        );
    }
}
