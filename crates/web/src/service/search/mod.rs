//! Searching for jobs: a scan of all places a query can match in, in slices, that can be gone on with later.
//!
//! Reading order: `route.rs` (which places, in which order), `scan.rs` (one slice), `cursor.rs` (where to go on, as text),
//! `run.rs` (slices until there are enough hits, or it has taken long enough), `count.rs` (the same, only counted: what a change
//! would concern).

mod count;
mod cursor;
mod known;
mod route;
mod run;
mod scan;
#[cfg(test)]
mod tests;

pub use count::{Count, CountedKind, KINDS_MAX, count};
pub(in crate::service) use count::{count_jobs, count_matching};
pub use run::{Found, HITS_MAX, SearchError, search};
pub use scan::Hit;
pub(super) use scan::SLICE_TIME;
