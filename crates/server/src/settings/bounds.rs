//! The defaults and the bounds of numbers an operator can set.

use std::ops::RangeInclusive;

use workmill_proto::limits::{LINE_BYTES_BEFORE_HELLO_MAX, LINE_BYTES_MAX_DEFAULT};

/// Connections open at a time, when nothing else is said. Ten times Faktory's limit.
pub const CONNECTIONS_MAX_DEFAULT: usize = 20_000;

/// Bytes of unread input of all connections together, when nothing else is said: four of the longest lines.
pub const INPUT_BYTES_MAX_DEFAULT: usize = 4 * LINE_BYTES_MAX_DEFAULT;

/// Milliseconds of acknowledged work a loss of power may cost with `durability = "interval"`.
pub(super) const INTERVAL_MS_DEFAULT: usize = 100;

/// Longer than ten seconds would be a promise not worth making; less than one millisecond is `always`.
pub(super) const INTERVAL_MS_RANGE: RangeInclusive<usize> = 1..=10_000;

/// No machine has more sockets than this for one process.
pub(super) const CONNECTIONS_RANGE: RangeInclusive<usize> = 1..=1_000_000;

/// From what an unknown client may send anyway to what the store can hold in one record with room to spare.
pub(super) const LINE_BYTES_RANGE: RangeInclusive<usize> = LINE_BYTES_BEFORE_HELLO_MAX..=512 << 20;

/// One terabyte is more than any machine this runs on has.
pub(super) const INPUT_BYTES_RANGE: RangeInclusive<usize> = LINE_BYTES_BEFORE_HELLO_MAX..=1 << 40;

/// A dead set that holds nothing would be a silent loss of jobs, so at least one.
pub(super) const DEAD_JOBS_RANGE: RangeInclusive<usize> = 1..=1_000_000_000;

/// One second to a hundred years, in seconds.
pub(super) const DEAD_TTL_SECS_RANGE: RangeInclusive<u64> = 1..=100 * 31_557_600;

/// Bytes of one file of `conf.d`: what people write by hand is far smaller.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;
