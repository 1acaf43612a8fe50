//! The defaults and the bounds of numbers an operator can set, but for those in the table of `scalars`.

use std::ops::RangeInclusive;

/// Milliseconds of acknowledged work a loss of power may cost with `durability = "interval"`.
pub(super) const INTERVAL_MS_DEFAULT: usize = 100;

/// Longer than ten seconds would be a promise not worth making; less than one millisecond is `always`.
pub(super) const INTERVAL_MS_RANGE: RangeInclusive<usize> = 1..=10_000;

/// Bytes of one file of `conf.d`: what people write by hand is far smaller.
pub(super) const FILE_BYTES_MAX: u64 = 4 << 20;

/// Jobs of one queue that may run at a time. None at all is what QUEUE PAUSE is for.
pub(super) const THROTTLE_SLOTS_RANGE: RangeInclusive<usize> = 1..=1_000_000;

/// One second to a year, in seconds.
pub(super) const THROTTLE_TIMEOUT_SECS_RANGE: RangeInclusive<u64> = 1..=366 * 86_400;

/// More jobs in one span of time than this are no limit; fewer are written with a longer span.
pub(super) const THROTTLE_RATE_RANGE: RangeInclusive<f64> = 0.001..=1e9;

/// Jobs that may be fetched at once after a rest.
pub(super) const THROTTLE_BURST_RANGE: RangeInclusive<usize> = 1..=1_000_000_000;
