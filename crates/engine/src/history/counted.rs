//! What is counted.

/// Something to count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Counted {
    /// A job was put into its queue.
    Enqueued,
    /// A job was handed out, after so many microseconds in its queue.
    Started(u64),
    /// An execution ended well, after so many microseconds.
    Succeeded(u64),
    /// An execution ended badly, after so many microseconds.
    Failed(u64),
    /// A job died.
    Died,
    /// A job was dropped as its time was over.
    Expired,
}
