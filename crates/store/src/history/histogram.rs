//! Durations by their order of magnitude.

use std::time::Duration;

/// Into how many buckets each doubling of time is cut, as a power of two: eight, so that what is told is wrong by an eighth at
/// most.
const SPLIT_BITS: u32 = 3;

/// Durations below `2^7` µs, an eighth of a millisecond, are in the first bucket.
const FIRST_BITS: u32 = 7;

/// Durations from `2^38` µs on, three days, are in the last one.
const LAST_BITS: u32 = 38;

/// The bucket of the longest durations.
const LAST_BUCKET: u32 = ((LAST_BITS - FIRST_BITS) << SPLIT_BITS) + 1;

/// How many buckets there are.
pub const BUCKETS: usize = LAST_BUCKET as usize + 1;

/// The bucket of a duration in microseconds, below [`BUCKETS`].
pub fn bucket_of(micros: u64) -> u8 {
    let Some(power) = micros.checked_ilog2().filter(|power| *power >= FIRST_BITS) else {
        return 0;
    };
    let part = (micros >> (power - SPLIT_BITS)) & ((1 << SPLIT_BITS) - 1);
    let bucket = (u64::from(power - FIRST_BITS) << SPLIT_BITS) + part + 1;
    let [bucket, ..] = bucket.min(u64::from(LAST_BUCKET)).to_le_bytes();
    bucket
}

/// Where a bucket begins, in microseconds.
fn start_of(bucket: u8) -> u64 {
    let Some(index) = u32::from(bucket).checked_sub(1) else {
        return 0;
    };
    let power = FIRST_BITS + (index >> SPLIT_BITS);
    let part = u64::from(index & ((1 << SPLIT_BITS) - 1));
    (1 << power) + (part << (power - SPLIT_BITS))
}

/// How many durations were of which length.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Histogram {
    /// Buckets that are not empty, in their order.
    pub(super) buckets: Vec<(u8, u64)>,
    /// All durations together, in microseconds.
    pub(super) sum_micros: u64,
}

impl Histogram {
    /// Of these counts by bucket.
    pub fn new(counts: impl IntoIterator<Item = (u8, u64)>, sum_micros: u64) -> Self {
        let mut histogram = Self {
            buckets: Vec::new(),
            sum_micros,
        };
        for (bucket, count) in counts {
            histogram.add_to(bucket, count);
        }
        histogram
    }

    /// Adds another one.
    pub fn add(&mut self, other: &Self) {
        for &(bucket, count) in &other.buckets {
            self.add_to(bucket, count);
        }
        self.sum_micros = self.sum_micros.saturating_add(other.sum_micros);
    }

    /// How many durations there are.
    pub fn count(&self) -> u64 {
        let counts = self.buckets.iter().map(|(_, count)| *count);
        counts.fold(0, u64::saturating_add)
    }

    /// How many there are from each of these lengths on, up to the next one; those lengths of which there are any.
    pub fn counts(&self) -> impl Iterator<Item = (Duration, u64)> {
        let buckets = self.buckets.iter();
        buckets.map(|&(bucket, count)| (Duration::from_micros(start_of(bucket)), count))
    }

    /// All of them together.
    pub fn sum(&self) -> Duration {
        Duration::from_micros(self.sum_micros)
    }

    /// What this share of them, from 0 to 1, does not exceed, within an eighth; none if there are none.
    pub fn quantile(&self, share: f64) -> Option<Duration> {
        let rank = share * self.count() as f64;
        let (mut below, mut found) = (0.0, None);
        for &(bucket, count) in &self.buckets {
            let (start, end) = (start_of(bucket), start_of(bucket.saturating_add(1)));
            let within = ((rank - below) / count as f64).clamp(0.0, 1.0);
            let width = Duration::from_micros(end - start);
            found = Some(Duration::from_micros(start) + width.mul_f64(within));
            below += count as f64;
            if below >= rank {
                break;
            }
        }
        found
    }

    fn add_to(&mut self, bucket: u8, count: u64) {
        if count == 0 {
            return;
        }
        match self.buckets.binary_search_by_key(&bucket, |(of, _)| *of) {
            Ok(index) => {
                if let Some((_, sum)) = self.buckets.get_mut(index) {
                    *sum = sum.saturating_add(count);
                }
            }
            Err(index) => self.buckets.insert(index, (bucket, count)),
        }
    }
}
