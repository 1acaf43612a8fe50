//! What the store holds, or brings into memory, at most.

/// How many queues clients can make, at a time. Each takes some hundred bytes of memory.
pub const QUEUES_MAX: usize = 100_000;

/// What one read of jobs, such as [`Tx::claim`](crate::Tx::claim), brings into memory at most, in bytes of records, beyond one of
/// them: payloads can be as large as the longest line, and a slice of large ones must not fill the memory.
pub const SLICE_BYTES_MAX: usize = 4 << 20;
