//! The identities of stored jobs. Opaque above the store, never reused.

use workmill_proto::SetName;

use crate::SetTime;

/// A job in a queue or reserved out of it. Never reused, so an old key cannot mean a new job.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct JobKey(pub i64);

/// A job in a set, in the order of the set: by time, then by arrival.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EntryKey {
    /// The set it is in.
    pub set: SetName,
    /// Its time: when it is due (scheduled, retries), when it may be forgotten (dead), or when it was done (completed).
    pub at: SetTime,
    /// Grows with every entry ever made in any set: what came after a moment has a larger one.
    pub serial: i64,
}
