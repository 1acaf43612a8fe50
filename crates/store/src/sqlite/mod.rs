//! The embedded backend: one SQLite file, `workmill.db`, with a write-ahead log.
//!
//! What the layout is made for: every page a commit touches costs a 4 KiB frame in the log, so the hot
//! path (a job's push, fetch and acknowledgement) touches only two B-trees. A job's row stays where it was
//! pushed until it is finished; a reservation is a small row beside those of queues and counters. There is no
//! index on random job ids: whose job is reserved, the writer above knows by heart.

mod checkpointer;
mod epoch;
mod failure;
mod files;
mod found;
mod interval;
mod live_key;
mod load;
mod log;
mod mend;
mod readers;
mod rows;
mod schema;
mod snapshot;
mod sql;
mod store;
mod sync;
#[cfg(test)]
mod tests;
mod wal;
mod watch;

pub use found::{DATABASE_FILE, missing_files};
pub use readers::{READERS_MAX, Readers, SqliteReader};
pub use rows::SqliteTx;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use sync::{Durability, SqliteSyncer};
