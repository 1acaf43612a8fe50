//! The logs that `shim/disk.c` keeps: what was replaced, and by what.

use std::fs;
use std::path::Path;

/// The name of the log of files that appear, vanish or change their name.
pub(crate) const DIRECTORY_LOG: &str = "directory";

const MAGIC: u32 = 0x314b_5344;

/// The bytes of a record before its two texts.
const HEAD_BYTES: usize = 48;

/// A change that was not synced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Record {
    /// Its place among all changes of this run of the server.
    pub(crate) serial: u64,
    /// How long the file was before, in bytes.
    pub(crate) size_before: u64,
    pub(crate) change: Change,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// Bytes at an offset replaced others; fewer, if the file ended there.
    Write {
        offset: u64,
        before: Vec<u8>,
        after: Vec<u8>,
    },
    /// The file got this size and lost the bytes beyond.
    Resize { size: u64, before: Vec<u8> },
    /// A file appeared.
    Create { name: String },
    /// A file vanished; it is kept beside the logs.
    Unlink { name: String, kept: String },
    /// A file changed its name.
    Rename { from: String, to: String },
}

/// Reads a log. A record at its end that was being written when the process was killed is left out: the
/// change it announces was not made.
pub(crate) fn read_log(path: &Path) -> Vec<Record> {
    let bytes = fs::read(path).expect("read a log of the disk");
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((record, after)) = read_record(rest) {
        records.push(record);
        rest = after;
    }
    records
}

fn read_record(bytes: &[u8]) -> Option<(Record, &[u8])> {
    let (head, rest) = bytes.split_at_checked(HEAD_BYTES)?;
    assert_eq!(half(head, 0), MAGIC, "the mark of a record");
    let kind = half(head, 4);
    let offset = number(head, 16);
    let (before, rest) = rest.split_at_checked(length(head, 32))?;
    let (after, rest) = rest.split_at_checked(length(head, 40))?;
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("a file name is UTF-8");
    let change = match kind {
        1 => Change::Write {
            offset,
            before: before.to_vec(),
            after: after.to_vec(),
        },
        2 => Change::Resize {
            size: offset,
            before: before.to_vec(),
        },
        3 => Change::Create { name: text(before) },
        4 => Change::Unlink {
            name: text(before),
            kept: text(after),
        },
        5 => Change::Rename {
            from: text(before),
            to: text(after),
        },
        _ => panic!("a record of unknown kind {kind}"),
    };
    let record = Record {
        serial: number(head, 8),
        size_before: number(head, 24),
        change,
    };
    Some((record, rest))
}

fn half(head: &[u8], at: usize) -> u32 {
    let bytes = head[at..at + 4]
        .try_into()
        .expect("four bytes are four bytes");
    u32::from_ne_bytes(bytes)
}

fn number(head: &[u8], at: usize) -> u64 {
    let bytes = head[at..at + 8]
        .try_into()
        .expect("eight bytes are eight bytes");
    u64::from_ne_bytes(bytes)
}

fn length(head: &[u8], at: usize) -> usize {
    usize::try_from(number(head, at)).expect("a length fits")
}
