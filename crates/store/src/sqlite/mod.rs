//! The embedded backend: one SQLite file, `workmill.db`, with a write-ahead log.
//!
//! What the layout is made for: every page a commit touches costs a 4 KiB frame in the log, so the hot
//! path (a job's push, fetch and acknowledgement) touches only two B-trees. A job's row stays where it was
//! pushed until it is finished; a reservation is a small row beside those of queues and counters. There is no
//! index on random job ids: reservations are mirrored in memory (`mirror`), and so are the rows of
//! queues (`queues`), never their jobs. Both change with a transaction and go back with it (`cache`).

mod batches;
mod cache;
mod copier;
mod counters;
mod cron;
mod ends;
mod entries;
mod epoch;
mod failure;
mod files;
mod found;
mod held;
mod interval;
mod load;
mod locks;
mod log;
mod mend;
mod mirror;
mod observer;
mod order;
mod place;
mod poison;
mod primitives;
mod queues;
mod schema;
mod slots;
mod sql;
mod store;
mod sweep;
mod sync;
mod tallies;
#[cfg(test)]
mod tests;
mod tied;
mod tracks;
mod tx;
mod waiting;
mod wal;
mod watch;

pub use found::DATABASE_FILE;
pub use observer::SqliteObserver;
pub use store::SqliteStore;
pub use sync::{Durability, SqliteSyncer};
pub use tx::SqliteTx;
