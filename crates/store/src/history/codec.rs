//! How a slot becomes bytes and is read again.
//!
//! `version (1 byte) | CRC-32 of place, slot and all that follows (4 bytes, little endian) | queues | types`. Each list is its
//! length and its lines: the name, six counts, two histograms. Numbers are [varints](crate::record).

use crc32fast::Hasher;

use super::{BUCKETS, Histogram, HistoryKey, HistoryLine, HistoryLines, HistorySlot};
use crate::record::{put_varint, take_bytes, take_varint};

const VERSION: u8 = 1;

/// Bytes before the lists: the version and the checksum.
const PREFIX_BYTES: usize = 5;

impl HistorySlot {
    /// The form it is stored in under this key.
    pub(crate) fn encode(&self, key: HistoryKey) -> Vec<u8> {
        let mut lists = Vec::new();
        for lines in [&self.queues, &self.jobtypes] {
            put_varint(&mut lists, lines.0.len() as u64);
            for (name, line) in &lines.0 {
                put_line(&mut lists, name, line);
            }
        }
        let mut out = Vec::with_capacity(PREFIX_BYTES + lists.len());
        out.push(VERSION);
        out.extend_from_slice(&checksum(key, &lists).to_le_bytes());
        out.append(&mut lists);
        out
    }

    /// Reads what is stored under this key; none if it is not that.
    pub(crate) fn decode(key: HistoryKey, bytes: &[u8]) -> Option<Self> {
        let (&[version, a, b, c, d], lists) = bytes.split_first_chunk::<PREFIX_BYTES>()?;
        if version != VERSION || checksum(key, lists) != u32::from_le_bytes([a, b, c, d]) {
            return None;
        }
        let mut input = lists;
        let slot = Self {
            queues: take_lines(&mut input)?,
            jobtypes: take_lines(&mut input)?,
        };
        input.is_empty().then_some(slot)
    }

    /// The same, for the writer: counting goes on from nothing where nothing can be read.
    pub(crate) fn decode_or_drop(key: HistoryKey, bytes: &[u8]) -> Option<Self> {
        let slot = Self::decode(key, bytes);
        if slot.is_none() {
            let HistoryKey { resolution, slot } = key;
            tracing::warn!(
                ?resolution,
                slot,
                "a slot of the history is damaged: it starts from zero"
            );
        }
        slot
    }
}

fn checksum(key: HistoryKey, lists: &[u8]) -> u32 {
    let mut hasher = Hasher::new();
    hasher.update(&key.place().to_le_bytes());
    hasher.update(&key.slot.to_le_bytes());
    hasher.update(lists);
    hasher.finalize()
}

fn put_line(out: &mut Vec<u8>, name: &str, line: &HistoryLine) {
    put_varint(out, name.len() as u64);
    out.extend_from_slice(name.as_bytes());
    for number in line.counts.numbers() {
        put_varint(out, number);
    }
    for histogram in [&line.waits, &line.runs] {
        put_varint(out, histogram.buckets.len() as u64);
        for &(bucket, count) in &histogram.buckets {
            out.push(bucket);
            put_varint(out, count);
        }
        put_varint(out, histogram.sum_micros);
    }
}

fn take_lines(input: &mut &[u8]) -> Option<HistoryLines> {
    let count = take_varint(input)?;
    let mut lines = HistoryLines::default();
    for _ in 0..count {
        let length = usize::try_from(take_varint(input)?).ok()?;
        let bytes = take_bytes(input, length)?;
        let name = std::str::from_utf8(bytes).ok()?;
        let mut line = HistoryLine::default();
        for number in line.counts.numbers_mut() {
            *number = take_varint(input)?;
        }
        line.waits = take_histogram(input)?;
        line.runs = take_histogram(input)?;
        lines.0.insert(name.into(), line);
    }
    Some(lines)
}

fn take_histogram(input: &mut &[u8]) -> Option<Histogram> {
    let count = take_varint(input)?;
    let mut buckets = Vec::new();
    for _ in 0..count {
        let &[bucket] = take_bytes(input, 1)? else {
            return None;
        };
        if usize::from(bucket) >= BUCKETS {
            return None;
        }
        buckets.push((bucket, take_varint(input)?));
    }
    Some(Histogram::new(buckets, take_varint(input)?))
}
