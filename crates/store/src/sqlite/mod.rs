//! The embedded backend: one SQLite file, `workmill.db`, with a write-ahead log.
//!
//! What the layout is made for: every page a commit touches costs a 4 KiB frame in the log, so the hot
//! path (a job's push, fetch and acknowledgement) touches only two B-trees. A job's row stays where it was
//! pushed until it is finished; a reservation is a small row beside those of queues and counters. There is no
//! index on random job ids: whose job is reserved, the writer above knows by heart.
//!
//! - Reservations, queues and counters are rows of one B-tree, `live`, the most often changed side by side. The views
//!   `reservations`, `queues`, `counters` and `tallies` show them to people.
//! - A job that comes back regains its old place, so order is kept without moving rows.
//! - REMOVE, FLUSH and the clearing of a set only leave a mark; `sweep` deletes in slices afterwards.
//! - The pages that a COMMIT adds to the log are written in one system call, before SQLite shows them to anybody
//!   (`workmill-vfs`). A COMMIT syncs nothing (`synchronous = NORMAL`): [log] does, when it is asked to. SQLite itself syncs the
//!   log before it copies from it, and the header of a log that is reset, so the order on disk is right in any case.
//! - A full disk that shows at COMMIT is an answer and not poison: SQLite writes the frame that commits last, so the transaction is
//!   known not to have happened.

mod check;
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
mod room;
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

pub use check::check_stopped;
pub use found::{DATABASE_FILE, missing_files};
pub use readers::{READERS_MAX, Readers, SqliteReader};
pub use rows::SqliteTx;
pub use snapshot::SqliteSnapshot;
pub use store::SqliteStore;
pub use sync::{Durability, SqliteSyncer};
