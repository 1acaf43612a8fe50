//! The logs that `shim/disk.c` keeps: what was replaced, and by what.

use std::fs;
use std::path::Path;

/// The name of the log of files that appear, vanish or change their name.
pub(crate) const DIRECTORY_LOG: &str = "directory";

/// The kernel writes back a file in blocks of this many bytes: of a longer write any of them may be lost.
const BLOCK_BYTES: usize = 4_096;

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

impl Record {
    /// The record of each block of it, if it is a write.
    fn blocks(self) -> Vec<Self> {
        let Change::Write {
            offset,
            before,
            after,
        } = &self.change
        else {
            return vec![self];
        };
        let mut blocks = Vec::new();
        let mut begin = 0;
        while begin < after.len() {
            let at = offset + u64::try_from(begin).expect("a length fits");
            let within = usize::try_from(at).expect("an offset fits") % BLOCK_BYTES;
            let end = after.len().min(begin + BLOCK_BYTES - within);
            let change = Change::Write {
                offset: at,
                before: before[begin.min(before.len())..end.min(before.len())].to_vec(),
                after: after[begin..end].to_vec(),
            };
            blocks.push(Self { change, ..self });
            begin = end;
        }
        blocks
    }
}

/// Reads a log, writes block by block. A record at its end that was being written when the process was killed is left
/// out: the change it announces was not made.
pub(crate) fn read_log(path: &Path) -> Vec<Record> {
    let bytes = fs::read(path).expect("read a log of the disk");
    let mut rest = bytes.as_slice();
    let mut records = Vec::new();
    while let Some((record, after)) = read_record(rest) {
        records.extend(record.blocks());
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_a_write_are_those_of_the_file() {
        let record = Record {
            serial: 1,
            size_before: 5_000,
            change: Change::Write {
                offset: 4_000,
                before: vec![1; 1_000],
                after: vec![2; 5_000],
            },
        };
        let blocks: Vec<(u64, usize, usize)> = record
            .blocks()
            .into_iter()
            .map(|block| match block.change {
                Change::Write {
                    offset,
                    before,
                    after,
                } => (offset, before.len(), after.len()),
                other => panic!("{other:?} is no write"),
            })
            .collect();
        assert_eq!(
            blocks,
            [(4_000, 96, 96), (4_096, 904, 4_096), (8_192, 0, 808)]
        );
    }
}
