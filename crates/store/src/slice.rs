//! A part of something long, and where to go on.

/// A part of what there is, in order.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Slice<T, C> {
    /// What was found. There may be more even if it is nothing.
    pub items: Vec<T>,
    /// Where to go on; none if there is no more.
    pub next: Option<C>,
}
