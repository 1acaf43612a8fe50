//! stub
/// The id of a batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Bid {
    /// Counts up.
    pub id: u64,
    /// Random.
    pub check: u64,
}
