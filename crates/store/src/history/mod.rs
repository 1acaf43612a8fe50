//! What happened to jobs over time: counted in slots of a fixed length, each resolution with a fixed number of slots.
//!
//! A slot takes the place of the one that was there that many slots before. So what is kept is bounded whatever the clock
//! does: one that was set ahead for an hour costs the places of that hour and nothing else.

mod codec;
mod histogram;
mod resolution;
mod slot;
#[cfg(test)]
mod tests;

pub use histogram::{BUCKETS, Histogram, bucket_of};
pub use resolution::{HistoryKey, Resolution};
pub use slot::{HISTORY_NAMES_MAX, HistoryCounts, HistoryLine, HistoryLines, HistorySlot, OTHERS};
