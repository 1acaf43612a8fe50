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

/// Nothing to a day, in seconds: `catch_up` is for what is longer ago.
pub(super) const CRON_MISSED_SECS_RANGE: RangeInclusive<u64> = 0..=86_400;

/// Bytes of one file of `conf.d`: what people write by hand is far smaller.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// Minutes until a batch is forgotten that has not been committed. Faktory's own.
pub(super) const BATCH_MINUTES_DEFAULT: usize = 30;

/// A batch waits a year at most.
pub(super) const BATCH_MINUTES_RANGE: RangeInclusive<usize> = 1..=366 * 24 * 60;

/// Days without a change until a batch is forgotten that has been committed.
pub(super) const BATCH_DAYS_DEFAULT: usize = 30;

/// One day to ten years: jobs of a batch may be tried again for weeks.
pub(super) const BATCH_DAYS_RANGE: RangeInclusive<usize> = 1..=3_660;

/// Jobs of one queue that may run at a time. None at all is what QUEUE PAUSE is for.
pub(super) const THROTTLE_SLOTS_RANGE: RangeInclusive<usize> = 1..=1_000_000;

/// One second to a year, in seconds.
pub(super) const THROTTLE_TIMEOUT_SECS_RANGE: RangeInclusive<u64> = 1..=366 * 86_400;

/// More jobs in one span of time than this are no limit; fewer are written with a longer span.
pub(super) const THROTTLE_RATE_RANGE: RangeInclusive<f64> = 0.001..=1e9;

/// Jobs that may be fetched at once after a rest.
pub(super) const THROTTLE_BURST_RANGE: RangeInclusive<usize> = 1..=1_000_000_000;
