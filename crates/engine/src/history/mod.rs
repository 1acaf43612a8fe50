//! What happens to jobs over time: summed in memory, written every few seconds.
//!
//! A group notes what it counts ([`History::note`]); when it is committed, that is added to the sums of the minute, and when it is
//! rolled back, forgotten. Every few seconds one of the groups adds the sums to the slots that the store keeps
//! ([`History::write`]). So a server that is killed loses the statistics of these seconds, and no job costs a row.

mod counted;
mod ledger;
mod names;
mod pending;
mod sums;
#[cfg(test)]
mod tests;

pub(crate) use counted::Counted;
pub(crate) use names::Series;
pub(crate) use pending::History;
