//! The log as it lies in its file, read without SQLite. See "The WAL File Format" of SQLite.
//!
//! SQLite uses a log up to its first bad frame and overwrites the rest without a word. So it is looked through before SQLite
//! sees it.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::path::Path;

/// Bytes before the first frame, and before the page in each.
pub(super) const HEADER_BYTES: usize = 32;
pub(super) const FRAME_HEADER_BYTES: usize = 24;

/// The pages of every Workmill database, in bytes.
pub(super) const PAGE_BYTES: usize = 4_096;

/// Begins a header; the lowest bit says that checksums are of big-endian words.
const MAGIC: u32 = 0x377f_0682;

/// Where the salts are in the header of the log, and in that of a frame. They are other ones in each log that is begun by a reset.
pub(super) const SALTS: std::ops::Range<usize> = 16..24;
pub(super) const FRAME_SALTS: std::ops::Range<usize> = 8..16;

/// Where page 1 has the epoch; see `epoch.rs`.
pub(super) const EPOCH: std::ops::Range<usize> = 60..64;

/// What is in a log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct LogContents {
    /// Transactions that SQLite will use.
    pub(super) commits: u64,
    /// The epochs these write to page 1, in their order.
    pub(super) epochs: Vec<u32>,
    /// None if nothing that was committed has been damaged, as far as can be told.
    pub(super) damage: Option<Damage>,
}

/// A bad frame and the transactions behind it, which are lost by it.
///
/// A loss of power that takes what was not synced leaves bad frames at the end, with no transaction behind them; frames of
/// the log before have other salts. Damage is what has transactions of this log behind it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Damage {
    /// The first bad frame, counted from 1; 0 is the header.
    pub(super) frame: u64,
    pub(super) frames_behind: u64,
    pub(super) commits_behind: u64,
}

type Sums = (u32, u32);

/// Looks through the log at `path`. One that is not there is empty.
///
/// # Errors
/// If the file cannot be read.
pub(super) fn look_through(path: &Path) -> io::Result<LogContents> {
    let file = match File::open(path) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(LogContents::default()),
        Err(error) => return Err(error),
    };
    let mut reader = BufReader::with_capacity(1 << 20, file);
    let mut header = [0; HEADER_BYTES];
    if !fill(&mut reader, &mut header)? {
        return Ok(LogContents::default());
    }
    let mut walk = Walk::new(&header);
    let mut frame = vec![0; FRAME_HEADER_BYTES + walk.page_bytes];
    while fill(&mut reader, &mut frame)? {
        walk.step(&frame);
    }
    Ok(walk.end())
}

/// False if the file ends before.
fn fill(reader: &mut impl Read, bytes: &mut [u8]) -> io::Result<bool> {
    match reader.read_exact(bytes) {
        Ok(()) => Ok(true),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A walk from frame to frame.
struct Walk {
    page_bytes: usize,
    is_big_endian: bool,
    /// None if the header is bad: those of the first frame count then.
    salts: Option<[u8; 8]>,
    sums: Sums,
    frame: u64,
    /// The first bad frame, once there was one.
    bad: Option<u64>,
    /// Frames behind it up to the last that commits, and since that one.
    behind: u64,
    behind_uncommitted: u64,
    commits_behind: u64,
    /// Epochs of a transaction that has not committed so far.
    uncommitted: Vec<u32>,
    contents: LogContents,
}

impl Walk {
    fn new(header: &[u8; HEADER_BYTES]) -> Self {
        let magic = word(header, 0);
        let is_big_endian = magic & 1 == 1;
        let page_bytes = word(header, 8) as usize;
        let summed = header.get(..24).unwrap_or_default();
        let sums = add_up(is_big_endian, summed, (0, 0));
        let is_good = magic & !1 == MAGIC
            && page_bytes.is_power_of_two()
            && (512..=65_536).contains(&page_bytes)
            && sums == (word(header, 24), word(header, 28));
        Self {
            page_bytes: if is_good { page_bytes } else { PAGE_BYTES },
            is_big_endian,
            salts: is_good.then(|| bytes_at(header, SALTS.start)),
            sums,
            frame: 0,
            bad: (!is_good).then_some(0),
            behind: 0,
            behind_uncommitted: 0,
            commits_behind: 0,
            uncommitted: Vec::new(),
            contents: LogContents::default(),
        }
    }

    fn step(&mut self, frame: &[u8]) {
        self.frame += 1;
        let salts = bytes_at(frame, FRAME_SALTS.start);
        let is_ours = *self.salts.get_or_insert(salts) == salts;
        let commits = word(frame, 4) != 0;
        if self.bad.is_some() {
            self.step_behind(is_ours, commits);
            return;
        }
        let (header, page) = frame
            .split_at_checked(FRAME_HEADER_BYTES)
            .unwrap_or_default();
        let sums = add_up(
            self.is_big_endian,
            header.get(..8).unwrap_or_default(),
            self.sums,
        );
        self.sums = add_up(self.is_big_endian, page, sums);
        if !is_ours || word(frame, 0) == 0 || self.sums != (word(frame, 16), word(frame, 20)) {
            self.bad = Some(self.frame);
            return;
        }
        if word(frame, 0) == 1 {
            self.uncommitted.push(word(page, EPOCH.start));
        }
        if commits {
            self.contents.commits += 1;
            for epoch in self.uncommitted.drain(..) {
                if self.contents.epochs.last() != Some(&epoch) {
                    self.contents.epochs.push(epoch);
                }
            }
        }
    }

    /// Counts a frame behind a bad one.
    fn step_behind(&mut self, is_ours: bool, commits: bool) {
        if !is_ours {
            return;
        }
        self.behind_uncommitted += 1;
        if commits {
            self.behind += std::mem::take(&mut self.behind_uncommitted);
            self.commits_behind += 1;
        }
    }

    fn end(self) -> LogContents {
        let damage = self.bad.filter(|_| self.commits_behind > 0);
        LogContents {
            damage: damage.map(|frame| Damage {
                frame,
                frames_behind: self.behind,
                commits_behind: self.commits_behind,
            }),
            ..self.contents
        }
    }
}

/// The checksum of SQLite's log.
fn add_up(is_big_endian: bool, bytes: &[u8], (mut first, mut second): Sums) -> Sums {
    for &[a, b, c, d, e, f, g, h] in bytes.as_chunks().0 {
        let (low, high) = match is_big_endian {
            true => (
                u32::from_be_bytes([a, b, c, d]),
                u32::from_be_bytes([e, f, g, h]),
            ),
            false => (
                u32::from_le_bytes([a, b, c, d]),
                u32::from_le_bytes([e, f, g, h]),
            ),
        };
        first = first.wrapping_add(low).wrapping_add(second);
        second = second.wrapping_add(high).wrapping_add(first);
    }
    (first, second)
}

/// The big-endian number at a place; 0 if it is not there.
pub(super) fn word(bytes: &[u8], at: usize) -> u32 {
    u32::from_be_bytes(bytes_at(bytes, at))
}

/// The bytes at a place; zeros if they are not there.
fn bytes_at<const N: usize>(bytes: &[u8], at: usize) -> [u8; N] {
    let found = bytes.get(at..).and_then(|rest| rest.first_chunk());
    found.copied().unwrap_or([0; N])
}
